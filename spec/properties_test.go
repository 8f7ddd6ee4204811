package spec_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// judged loads and validates a plan.
func judged(plan object) spec.Problems {
	s, problems := spec.Load("generated", spectest.File(plan))
	return append(problems, s.Validate()...)
}

// What stands in nodeDefaults stands in every node; what is wrong with it is told at its place, once.
func TestValidate_TellsOnceWhatIsWrongInEveryNode(t *testing.T) {
	for name, fault := range map[string]object{
		"a kernel argument with a blank":    {"kernelArgs": []string{"a b"}},
		"an extension without its maker":    {"extensions": []string{"i915"}},
		"an impossible sysctl":              {"sysctls": object{"not a name": "1"}},
		"a path of sysfs with slashes":      {"sysfs": object{"a/b": "1"}},
		"an impossible label":               {"labels": object{"example.com/rack": "a b"}},
		"a taint twice":                     {"taints": []any{object{"key": "a", "effect": "PreferNoSchedule"}, object{"key": "a", "effect": "PreferNoSchedule"}}},
		"a flag with dashes":                {"kubeletArgs": object{"--v": "2"}},
		"a relative mount":                  {"kubeletMounts": []any{object{"source": "var/x"}}},
		"a module twice":                    {"kernelModules": []any{object{"name": "nbd"}, object{"name": "nbd"}}},
		"a watchdog without patience":       {"watchdog": object{"timeout": "1s"}},
		"a host that is no address":         {"hosts": object{"nas": []string{"nas.example.net"}}},
		"a passphrase that nobody keeps":    {"encryption": object{"ephemeral": object{"keys": []any{object{"type": "static"}}}}},
		"a volume without a disk":           {"userVolumes": []any{object{"name": "x", "minSize": "1GiB"}}},
		"an expression that is none":        {"userVolumes": []any{object{"name": "x", "minSize": "1GiB", "match": "disk.size"}}},
		"a raw volume without size":         {"rawVolumes": []any{object{"name": "x", "match": "disk.serial == 'NONE'"}}},
		"an installer with a tag":           {"installer": "ghcr.io/example/installer:v1"},
		"a patch of an owned key":           {"patches": []any{object{"machine": object{"type": "worker"}}}},
		"a patch with an unknown key":       {"patches": []any{object{"machine": object{"nonsense": true}}}},
		"a patch that stops KubePrism":      {"patches": []any{object{"machine": object{"features": object{"kubePrism": object{"enabled": false}}}}}},
		"a service whose extension is away": {"extensionServices": []any{object{"name": "nut-client", "environment": object{"A": "b"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			tried := 0
			for seed := range uint64(25) {
				plan := spectest.Plan(seed)
				if len(nodesOf(plan)) < 3 {
					continue
				}
				// Nothing of a node's own stands before the default.
				for _, n := range nodesOf(plan) {
					for key := range fault {
						delete(n.(object), key)
					}
					delete(n.(object), "installer")
				}
				delete(plan, "nodeDefaults")
				delete(plan["storage"].(object), "longhorn")
				if judged(plan).HasErrors() {
					continue
				}
				tried++
				plan["nodeDefaults"] = fault
				errors := judged(plan).Errors()
				if len(errors) != 1 || !strings.HasPrefix(errors[0].Path, "nodeDefaults") {
					t.Fatalf("seed %d, %d nodes: %s", seed, len(nodesOf(plan)), strings.Join(lines(errors), "\n  "))
				}
			}
			if tried < 10 {
				t.Errorf("%d plans were tried", tried)
			}
		})
	}
}

// clash gives to two owners what only one can have.
type clash struct {
	name string
	// make changes a plan and returns the paths of the two, or "" when the plan has not both.
	make func(plan object) (one, other string)
}

var clashes = []clash{
	{"two nodes at one address", func(p object) (string, string) {
		nodeAt(p, 2)["address"] = nodeAt(p, 1)["address"]
		return "nodes[2].address", "nodes[1].address"
	}},
	{"two nodes of one name", func(p object) (string, string) {
		nodeAt(p, 2)["name"] = nodeAt(p, 1)["name"]
		return "nodes[2].name", "nodes[1]"
	}},
	{"a VIP at a node", func(p object) (string, string) {
		section(p, "network")["vip"] = nodeAt(p, 1)["address"]
		return "network.vip", "nodes[1].address"
	}},
	{"a pool over a node", func(p object) (string, string) {
		pool := section(p, "cilium")["pools"].([]any)[0].(object)
		pool["blocks"] = append(slices.Clone(pool["blocks"].([]string)), nodeAt(p, 1)["address"].(string))
		return fmt.Sprintf("cilium.pools[0].blocks[%d]", len(pool["blocks"].([]string))-1), "nodes[1].address"
	}},
	{"a DNS server at a node", func(p object) (string, string) {
		section(p, "network")["dnsServers"] = []string{nodeAt(p, 1)["address"].(string)}
		return "network.dnsServers[0]", "nodes[1].address"
	}},
	{"a DHCP range over a pool", func(p object) (string, string) {
		block := section(p, "cilium")["pools"].([]any)[0].(object)["blocks"].([]string)[0]
		first, _, _ := strings.Cut(strings.Split(block, "/")[0], "-")
		section(p, "network")["dhcpRanges"] = []string{first}
		return "network.dhcpRanges[0]", "cilium.pools[0].blocks[0]"
	}},
	{"pods over nodes", func(p object) (string, string) {
		section(p, "network")["podCIDRs"] = section(p, "network")["nodeCIDRs"]
		return "network.podCIDRs[0]", "network.nodeCIDRs[0]"
	}},
	{"one disk in two machines", func(p object) (string, string) {
		nodeAt(p, 2)["installDisk"] = nodeAt(p, 1)["installDisk"]
		return "nodes[2].installDisk.serial", "nodes[1].installDisk.serial"
	}},
	{"a raw volume on the install disk", func(p object) (string, string) {
		nodeAt(p, 1)["ephemeralVolume"] = object{"maxSize": "100GiB"}
		nodeAt(p, 1)["userVolumes"] = []any{object{"name": "whole", "type": "disk", "disk": nodeAt(p, 1)["installDisk"]}}
		section(p, "cluster")["talosVersion"] = "v1.12.0"
		return "nodes[1].userVolumes[0].disk", "nodes[1].installDisk"
	}},
	{"two gateways at one address", func(p object) (string, string) {
		gateways := section(p, "edge")["gateways"].(object)
		gateways["external"] = gateways["internal"]
		return "edge.gateways.external[0]", "edge.gateways.internal[0]"
	}},
	{"one MAC in two machines", func(p object) (string, string) {
		for _, i := range []int{1, 2} {
			n := nodeAt(p, i)
			for _, key := range []string{"bond", "interface", "card", "extraLinks", "bridge"} {
				delete(n, key)
			}
			n["mac"] = "52:54:00:ff:ff:01"
		}
		return "nodes[2].mac", "nodes[1].mac"
	}},
	{"a domain twice", func(p object) (string, string) {
		section(p, "edge")["domains"] = []any{object{"name": section(p, "cluster")["domain"]}}
		return "edge.domains[0].name", "cluster.domain"
	}},
}

// Whoever reads of a clash reads of both: the one that is reported, and the other by its path or the name of its node.
func TestValidate_NamesBothOwnersOfAClash(t *testing.T) {
	for _, c := range clashes {
		t.Run(c.name, func(t *testing.T) {
			tried := 0
			for seed := range uint64(60) {
				plan := spectest.Plan(seed)
				if len(nodesOf(plan)) < 3 {
					continue
				}
				one, other := c.make(plan)
				names := func(p spec.Problem, here, there string) bool {
					return p.Path == here && strings.Contains(p.Message, there)
				}
				problems := judged(plan).Errors()
				tried++
				if !slices.ContainsFunc(problems, func(p spec.Problem) bool { return names(p, one, other) || names(p, other, one) }) {
					t.Fatalf("seed %d: no problem of %s and %s, but\n  %s", seed, one, other, strings.Join(lines(problems), "\n  "))
				}
			}
			if tried < 20 {
				t.Errorf("%d plans were tried", tried)
			}
		})
	}
}

// One value of a plan is exchanged for another, an odd one or none. What is refused for it is told at its path, or names
// the path or one of the two values; what is accepted is rendered by TestRender_MakesEveryPlanThatValidationAccepts...
func TestValidate_RefusesAChangedValueWithItsPath(t *testing.T) {
	refused, atPath := 0, 0
	for seed := range uint64(1200) {
		plan := spectest.Plan(seed)
		change := spectest.Change(plan, rand.New(rand.NewPCG(seed, 29)))
		problems := judged(plan).Errors()
		if len(problems) == 0 {
			continue
		}
		refused++
		switch {
		case slices.ContainsFunc(problems, func(p spec.Problem) bool { return onTheWay(p.Path, change.Path) }):
			atPath++
		case !slices.ContainsFunc(problems, func(p spec.Problem) bool { return speaksOf(p.Message, change) }):
			t.Errorf("seed %d, %s: nothing is said of it:\n  %s", seed, change, strings.Join(lines(problems), "\n  "))
		}
	}
	t.Logf("%d of 1200 changes refused, %d at their path", refused, atPath)
	if refused < 400 || atPath < refused*8/10 {
		t.Errorf("%d changes refused, %d at their path", refused, atPath)
	}
}

// onTheWay reports whether one path leads to the other.
func onTheWay(a, b string) bool {
	plain := strings.NewReplacer(`["`, ".", `"]`, "")
	a, b = plain.Replace(a), plain.Replace(b)
	return a != "" && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
}

func speaksOf(message string, c spectest.Changed) bool {
	told := []string{fmt.Sprintf("%q", fmt.Sprint(c.Old)), fmt.Sprintf("%q", fmt.Sprint(c.New))}
	for _, value := range []string{fmt.Sprint(c.Old), fmt.Sprint(c.New)} {
		if len(value) > 2 {
			told = append(told, value)
		}
	}
	// The value, or the list or object that it stands in.
	for path := c.Path; strings.ContainsAny(path, ".["); path = path[:strings.LastIndexAny(path, ".[")] {
		told = append(told, path)
	}
	return slices.ContainsFunc(told, func(text string) bool { return strings.Contains(message, text) })
}

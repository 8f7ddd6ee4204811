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

type object = map[string]any

// mutation breaks a plan in one way, and says at which path that must be told. It returns "" when the plan
// has nothing to break in that way.
type mutation struct {
	name  string
	apply func(config object, r *rand.Rand) (path string)
}

func nodesOf(config object) []any              { return config["nodes"].([]any) }
func nodeAt(config object, i int) object       { return nodesOf(config)[i].(object) }
func section(config object, key string) object { return config[key].(object) }

// on changes a key of a random node.
func on(key string, value any) func(object, *rand.Rand) string {
	return func(config object, r *rand.Rand) string {
		i := r.IntN(len(nodesOf(config)))
		nodeAt(config, i)[key] = value
		return fmt.Sprintf("nodes[%d].%s", i, key)
	}
}

// in changes a key of a section.
func in(name, key string, value any) func(object, *rand.Rand) string {
	return func(config object, _ *rand.Rand) string {
		section(config, name)[key] = value
		return name + "." + key
	}
}

var mutations = []mutation{
	{"a node outside the network", func(c object, r *rand.Rand) string {
		i := r.IntN(len(nodesOf(c)))
		if strings.Contains(nodeAt(c, i)["address"].(string), ":") {
			nodeAt(c, i)["address"] = "fd77::11"
		} else {
			nodeAt(c, i)["address"] = "10.250.5.11"
		}
		return fmt.Sprintf("nodes[%d].address", i)
	}},
	{"two nodes at one address", func(c object, r *rand.Rand) string {
		if len(nodesOf(c)) < 2 {
			return ""
		}
		i := 1 + r.IntN(len(nodesOf(c))-1)
		nodeAt(c, i)["address"] = nodeAt(c, 0)["address"]
		return fmt.Sprintf("nodes[%d].address", i)
	}},
	{"two nodes of one name", func(c object, r *rand.Rand) string {
		if len(nodesOf(c)) < 2 {
			return ""
		}
		i := 1 + r.IntN(len(nodesOf(c))-1)
		nodeAt(c, i)["name"] = nodeAt(c, 0)["name"]
		return fmt.Sprintf("nodes[%d].name", i)
	}},
	{"two nodes of one MAC address", func(c object, r *rand.Rand) string {
		first := ""
		for i, n := range nodesOf(c) {
			mac, ok := n.(object)["mac"].(string)
			switch {
			case ok && first != "":
				n.(object)["mac"] = strings.ToLower(first)
				return fmt.Sprintf("nodes[%d].mac", i)
			case ok:
				first = mac
			}
		}
		return ""
	}},
	{"the VIP at a node", func(c object, r *rand.Rand) string {
		n := nodeAt(c, r.IntN(len(nodesOf(c))))
		section(c, "network")["vip"] = n["address"]
		return "network.vip"
	}},
	{"the VIP in the pool", func(c object, _ *rand.Rand) string {
		pool := section(c, "cilium")["pools"].([]any)[0].(object)
		vip, ok := section(c, "network")["vip"].(string)
		if !ok {
			return ""
		}
		pool["blocks"] = append(slices.Clone(pool["blocks"].([]string)), vip)
		return fmt.Sprintf("cilium.pools[0].blocks[%d]", len(pool["blocks"].([]string))-1)
	}},
	{"pods in the node network", func(c object, _ *rand.Rand) string {
		section(c, "network")["podCIDRs"] = section(c, "network")["nodeCIDRs"]
		return "network.podCIDRs[0]"
	}},
	{"services in the pod network", func(c object, _ *rand.Rand) string {
		pods, ok := section(c, "network")["podCIDRs"].([]string)
		if !ok {
			return ""
		}
		section(c, "network")["serviceCIDRs"] = pods
		return "network.serviceCIDRs[0]"
	}},
	{"a disk in two machines", func(c object, r *rand.Rand) string {
		if len(nodesOf(c)) < 2 {
			return ""
		}
		i := 1 + r.IntN(len(nodesOf(c))-1)
		nodeAt(c, i)["installDisk"] = nodeAt(c, 0)["installDisk"]
		return fmt.Sprintf("nodes[%d].installDisk.serial", i)
	}},
	{"Ceph on the install disk", func(c object, r *rand.Rand) string {
		ceph, ok := section(c, "storage")["rookCeph"].(object)
		if !ok {
			return ""
		}
		nodes := ceph["nodes"].([]any)
		i := r.IntN(len(nodes))
		for _, n := range nodesOf(c) {
			if n.(object)["name"] == nodes[i].(object)["name"] {
				nodes[i].(object)["disks"] = []any{n.(object)["installDisk"]}
			}
		}
		return fmt.Sprintf("storage.rookCeph.nodes[%d].disks[0]", i)
	}},
	{"a router of the nodes' own AS", func(c object, _ *rand.Rand) string {
		bgp, ok := section(c, "cilium")["bgp"].(object)
		if !ok {
			return ""
		}
		peer := bgp["peers"].([]any)[0].(object)
		peer["asn"] = bgp["localASN"]
		delete(peer, "learnASN")
		delete(bgp, "overrides")
		return "cilium.bgp.peers[0].asn"
	}},
	{"both ways to announce", func(c object, _ *rand.Rand) string {
		if section(c, "cilium")["bgp"] == nil {
			return ""
		}
		section(c, "cilium")["l2"] = object{"enabled": true}
		return "cilium.l2.enabled"
	}},
	{"a gateway in no pool", func(c object, _ *rand.Rand) string {
		address := "10.251.0.1"
		if nodeIsSix(c) {
			address = "fd00:ffff::1"
		}
		section(c, "edge")["gateways"] = object{"internal": []string{address}}
		return "edge.gateways.internal[0]"
	}},
	{"no control plane", func(c object, _ *rand.Rand) string {
		for _, n := range nodesOf(c) {
			n.(object)["role"] = "worker"
		}
		return "nodes"
	}},
	{"no VIP", func(c object, _ *rand.Rand) string {
		if nodesOf(c)[min(1, len(nodesOf(c))-1)].(object)["role"] != "controlPlane" || len(nodesOf(c)) < 2 {
			return ""
		}
		delete(section(c, "network"), "vip")
		return "network.vip"
	}},
	{"a Kubernetes that Talos does not run", in("cluster", "kubernetesVersion", "v1.20.0")},
	{"a contract of the future", in("cluster", "talosContract", "v1.99")},
	{"a domain with capitals", in("cluster", "domain", "Example.com")},
	{"an impossible MTU", in("network", "mtu", 99999)},
	{"an impossible VLAN", in("network", "vlan", 5000)},
	{"an impossible role", on("role", "master")},
	{"an impossible architecture", on("arch", "riscv64")},
	{"a name with an underscore", on("name", "n_1")},
	{"a multicast MAC address", func(c object, r *rand.Rand) string {
		i := r.IntN(len(nodesOf(c)))
		n := nodeAt(c, i)
		delete(n, "bond")
		delete(n, "interface")
		n["mac"] = "01:00:5e:00:00:01"
		return fmt.Sprintf("nodes[%d].mac", i)
	}},
	{"an extension twice", func(c object, r *rand.Rand) string {
		i := r.IntN(len(nodesOf(c)))
		nodeAt(c, i)["extensions"] = []string{"siderolabs/zfs", "siderolabs/zfs"}
		return fmt.Sprintf("nodes[%d].extensions[1]", i)
	}},
	{"an unknown key", on("disk", "/dev/sda")},
	{"a key of no kind", func(c object, r *rand.Rand) string {
		i := r.IntN(len(nodesOf(c)))
		nodeAt(c, i)["encryption"] = object{"state": object{"keys": []any{object{"type": "tmp"}}}}
		return fmt.Sprintf("nodes[%d].encryption.state.keys[0].type", i)
	}},
	{"a repository in git's own form", in("flux", "repository", "git@github.com:example/home.git")},
	{"a secret in plain text", in("flux", "tokenRef", "hunter2")},
	{"a path out of the repository", in("flux", "path", "../x")},
}

func nodeIsSix(config object) bool {
	return strings.Contains(nodeAt(config, 0)["address"].(string), ":")
}

func TestValidate_RefusesEveryMutationAtItsPath(t *testing.T) {
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			applied := 0
			for seed := range uint64(60) {
				config := spectest.Plan(seed)
				path := m.apply(config, rand.New(rand.NewPCG(seed, 11)))
				if path == "" {
					continue
				}
				applied++
				data := spectest.File(config)
				s, problems := spec.Load("mutated", data)
				problems = append(problems, s.Validate()...)
				if !slices.ContainsFunc(problems.Errors(), func(p spec.Problem) bool { return p.Path == path }) {
					t.Fatalf("seed %d: no error at %s, but\n  %s\n%s", seed, path, strings.Join(lines(problems), "\n  "), data)
				}
			}
			if applied < 10 {
				t.Fatalf("applied to %d plans only", applied)
			}
		})
	}
}

package bgp

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/components/cilium/frr"
	"github.com/home-ops/home-ops/spec"
)

const password = "correct-horse"

// stacks are those of the project that speak BGP, and the fixture.
func stacks(t *testing.T) []*spec.Stack {
	t.Helper()
	paths, err := filepath.Glob("../../spec/spectest/testdata/Pulumi.*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []*spec.Stack
	for _, path := range append(paths, "../../components/cilium/testdata/Pulumi.dual.yaml") {
		stack, problems := spec.LoadFile(path)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		if stack.Cilium.BGP != nil {
			out = append(out, stack)
		}
	}
	return out
}

// conf is the configuration of the stack's first router with its password filled in.
func conf(t *testing.T, plan *bgp.Plan, password string) string {
	t.Helper()
	text, err := frr.Config(plan, plan.Routers()[0])
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`{{.*}}`).ReplaceAllString(string(text), password)
}

func planOf(t *testing.T, stack *spec.Stack) *bgp.Plan {
	t.Helper()
	plan, err := bgp.New(stack)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestRealSessions(t *testing.T) {
	if !inNamespaces(t) {
		return
	}
	beRoot(t)
	for _, stack := range stacks(t) {
		t.Run(stack.Name, func(t *testing.T) {
			plan := planOf(t, stack)
			r := startRouter(t, stack, plan, conf(t, plan, password))
			var nodes []*node
			for _, name := range stack.LoadBalancerNodes() {
				nodes = append(nodes, startNode(t, stack, name, password))
			}
			for _, session := range plan.Sessions {
				for _, neighbor := range session.Nodes {
					r.awaitSession(session, neighbor)
				}
			}
			wanted, strangers := routes(t, stack)
			for _, n := range nodes {
				for _, route := range append(slices.Clone(wanted), strangers...) {
					n.announce(route)
				}
			}
			for _, route := range wanted {
				r.awaitPaths(route, len(nodes))
			}
			for _, session := range plan.Sessions {
				r.refuses(session, strangers)
			}

			nodes[0].leave()
			for _, route := range wanted {
				r.awaitPaths(route, len(nodes)-1)
			}
		})
	}
}

func TestWrongPassword_IsNoSession(t *testing.T) {
	if !inNamespaces(t) {
		return
	}
	beRoot(t)
	stack := stacks(t)[len(stacks(t))-1]
	plan := planOf(t, stack)
	r := startRouter(t, stack, plan, conf(t, plan, password))
	startNode(t, stack, plan.Sessions[0].Nodes[0].Name, password)
	startNode(t, stack, plan.Sessions[0].Nodes[1].Name, "guessed")
	r.awaitSession(plan.Sessions[0], plan.Sessions[0].Nodes[0])
	// Both began at the same moment; twice the retry later the other must still be outside.
	time.Sleep(2 * time.Second)
	if state := r.neighbor(plan.Sessions[0].Nodes[1].Address).State; state == "Established" {
		t.Error("a session with a wrong password was established")
	}
}

// routes are an address of every pool of the stack, and what no router may learn
// from the cluster.
func routes(t *testing.T, stack *spec.Stack) (wanted, strangers []netip.Prefix) {
	for _, pool := range objectsOf[*ciliumio.LoadBalancerIPPool](t, stack) {
		for _, block := range pool.Spec.Blocks {
			a := block.Start
			if a == "" {
				a = spec.RangeOf(netip.MustParsePrefix(block.CIDR)).First.Next().String()
			}
			wanted = append(wanted, address(netip.MustParseAddr(a)))
		}
	}
	for _, text := range []string{"203.0.113.7/32", "0.0.0.0/0", "2001:db8::7/128", "::/0"} {
		prefix := netip.MustParsePrefix(text)
		if _, has := stack.Nodes[0].AddressOf(prefix.Addr().Is6()); has {
			strangers = append(strangers, prefix)
		}
	}
	return wanted, strangers
}

func address(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// neighbor is how FRR sees a node.
type neighbor struct {
	State    string `json:"bgpState"`
	HoldTime int    `json:"bgpTimerHoldTimeMsecs"`
	Restart  struct {
		Local string `json:"localGrMode"`
	} `json:"gracefulRestartInfo"`
}

func (r *router) neighbor(a netip.Addr) neighbor {
	r.t.Helper()
	var all map[string]neighbor
	if err := r.show("bgp neighbors "+a.String(), &all); err != nil {
		r.t.Fatal(err)
	}
	return all[a.String()]
}

func (r *router) awaitSession(s bgp.Session, n bgp.Neighbor) {
	r.t.Helper()
	r.await(fmt.Sprintf("%s and %s talk", s.Name, n.Name), func() string {
		if state := r.neighbor(n.Address).State; state != "Established" {
			return "the session is " + state
		}
		return ""
	})
	seen := r.neighbor(n.Address)
	if want := s.HoldTime.Seconds() * 1000; seen.HoldTime != want {
		r.t.Errorf("%s and %s agreed on a hold time of %d ms, want %d", s.Name, n.Name, seen.HoldTime, want)
	}
	if seen.Restart.Local != "Helper" {
		r.t.Errorf("%s holds %s's routes over a restart as %q, want Helper", s.Name, n.Name, seen.Restart.Local)
	}
}

// awaitPaths waits until the router's kernel sends packets for a route over that
// many nodes.
func (r *router) awaitPaths(route netip.Prefix, paths int) {
	r.t.Helper()
	command := "ip route " + route.String()
	if route.Addr().Is6() {
		command = "ipv6 route " + route.String()
	}
	r.await(fmt.Sprintf("%s goes to %d nodes", route, paths), func() string {
		var answer map[string][]struct {
			Selected bool `json:"selected"`
			NextHops []struct {
				FIB bool `json:"fib"`
			} `json:"nexthops"`
		}
		if err := r.show(command, &answer); err != nil {
			return err.Error()
		}
		installed := 0
		for _, entry := range answer[route.String()] {
			for _, hop := range entry.NextHops {
				if entry.Selected && hop.FIB {
					installed++
				}
			}
		}
		if installed != paths {
			return fmt.Sprintf("it goes to %d", installed)
		}
		return ""
	})
}

// refuses checks that what a node sent of the strangers arrived and was filtered.
func (r *router) refuses(s bgp.Session, strangers []netip.Prefix) {
	r.t.Helper()
	from := s.Nodes[0].Address
	var received struct {
		Routes map[string]any `json:"receivedRoutes"`
	}
	var kept struct {
		Routes map[string]any `json:"routes"`
	}
	base := fmt.Sprintf("bgp %s unicast neighbors %s ", s.Family(), from)
	for what, into := range map[string]any{"received-routes": &received, "routes": &kept} {
		if err := r.show(base+what, into); err != nil {
			r.t.Fatal(err)
		}
	}
	for _, stranger := range strangers {
		if stranger.Addr().Is6() != s.Is6() {
			continue
		}
		if _, arrived := received.Routes[stranger.String()]; !arrived {
			r.t.Errorf("%s never arrived from %s, so that it proves nothing: %v", stranger, from, keys(received.Routes))
		}
		if _, accepted := kept.Routes[stranger.String()]; accepted {
			r.t.Errorf("the router accepted %s from %s", stranger, from)
		}
	}
}

func keys(m map[string]any) string {
	var out []string
	for key := range m {
		out = append(out, key)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

package bgp_test

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/spec"
)

// dual is a stack with both families and three nodes that all speak BGP.
func dual(t *testing.T) *spec.Stack {
	t.Helper()
	stack, problems := spec.LoadFile("../testdata/Pulumi.dual.yaml")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return stack
}

func plan(t *testing.T, stack *spec.Stack) *bgp.Plan {
	t.Helper()
	p, err := bgp.New(stack)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNew_PeersEachNodeByItsAddressOfTheRoutersFamily(t *testing.T) {
	got := map[string][]bgp.Neighbor{}
	for _, s := range plan(t, dual(t)).Sessions {
		got[s.Name+" "+s.Family()] = s.Nodes
	}
	want := map[string][]bgp.Neighbor{
		"gateway ipv4": {
			{"n-1", netip.MustParseAddr("10.0.60.11"), 64514},
			{"n-2", netip.MustParseAddr("10.0.60.12"), 64514},
			{"n-3", netip.MustParseAddr("10.0.60.13"), 64514},
		},
		"gateway-v6 ipv6": {
			{"n-1", netip.MustParseAddr("fd00:60::11"), 64514},
			{"n-2", netip.MustParseAddr("fd00:60::12"), 64514},
			{"n-3", netip.MustParseAddr("fd00:60::13"), 64514},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("sessions %v, want %v", got, want)
	}
}

func TestNew_WithoutBGPIsNothing(t *testing.T) {
	stack := dual(t)
	stack.Cilium.BGP = nil
	if p := plan(t, stack); p != nil {
		t.Errorf("plan %+v", p)
	}
}

func TestNew_AnnouncesWhatTheStackSays(t *testing.T) {
	for name, test := range map[string]struct {
		advertise []spec.Advertisement
		accept    []string
		refuse    []string
	}{
		"load-balancer addresses, one by one or aggregated": {
			[]spec.Advertisement{spec.AdvertiseLoadBalancer},
			[]string{"10.0.61.7/32", "10.0.61.0/24", "10.0.62.20/32", "fd00:61::7/128"},
			[]string{"10.0.62.21/32", "10.0.62.0/24", "10.0.60.11/32", "fd00:62::1/128", "0.0.0.0/0", "10.52.1.0/24"},
		},
		"the pod blocks of nodes, and no part of one": {
			[]spec.Advertisement{spec.AdvertisePods},
			[]string{"10.52.1.0/24", "fd00:52:0:1::/64"},
			[]string{"10.52.0.0/16", "10.52.1.7/32", "fd00:52::/56", "10.0.61.7/32"},
		},
		"cluster addresses": {
			[]spec.Advertisement{spec.AdvertiseClusterIP},
			[]string{"10.53.0.10/32", "fd00:53::a/128"},
			[]string{"10.52.1.0/24"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			stack := dual(t)
			stack.Cilium.BGP.Advertise = test.advertise
			p := plan(t, stack)
			accepts := func(route string) bool {
				return slices.ContainsFunc(p.Sessions, func(s bgp.Session) bool {
					return slices.ContainsFunc(s.Announced, func(a bgp.Announced) bool {
						return a.Accepts(netip.MustParsePrefix(route))
					})
				})
			}
			for _, route := range test.accept {
				if !accepts(route) {
					t.Errorf("%s is not announced", route)
				}
			}
			for _, route := range test.refuse {
				if accepts(route) {
					t.Errorf("%s is announced", route)
				}
			}
		})
	}
}

func TestNew_RefusesSessionsThatCouldNeverRun(t *testing.T) {
	stack := dual(t)
	stack.Nodes[1].SecondaryAddresses = nil
	stack.Cilium.BGP.Peers[0].Address = netip.MustParseAddr("fd00:60::2")
	_, err := bgp.New(stack)
	want := `cilium.bgp.peers[0] (gateway): node n-2 has no IPv6 address to peer with fd00:60::2 from; give it one in secondaryAddresses, or name the peer's nodes
cilium.bgp.peers[1] (gateway-v6): node n-2 has no IPv6 address to peer with fd00:60::1 from; give it one in secondaryAddresses, or name the peer's nodes
cilium.pools[0].blocks[0]: no peer in cilium.bgp has an IPv4 address, so that these would never be announced; add the router's as a peer
cilium.pools[1].blocks[0]: no peer in cilium.bgp has an IPv4 address, so that these would never be announced; add the router's as a peer`
	if err == nil || err.Error() != want {
		t.Errorf("error\n%v\nwant\n%s", err, want)
	}
}

func TestNew_GivesRouterIDsOnlyToNodesWithoutIPv4(t *testing.T) {
	stack := dual(t)
	pool := netip.MustParsePrefix("10.255.255.0/24")
	stack.Cilium.BGP.RouterIDPool = pool
	if got := plan(t, stack).RouterIDPool; got.IsValid() {
		t.Errorf("router ids out of %s for nodes with IPv4", got)
	}

	stack.Cilium.BGP.Peers = stack.Cilium.BGP.Peers[1:]
	stack.Cilium.Pools = stack.Cilium.Pools[:1]
	stack.Cilium.Pools[0].Blocks = stack.Cilium.Pools[0].Blocks[1:]
	for i := range stack.Nodes {
		n := &stack.Nodes[i]
		n.Address, n.SecondaryAddresses = n.SecondaryAddresses[0], nil
	}
	if got := plan(t, stack).RouterIDPool; got != pool {
		t.Errorf("router ids out of %s, want %s", got, pool)
	}
}

func TestGroups_PutEachNodeInOneGroup(t *testing.T) {
	stack := dual(t)
	stack.Cilium.BGP.Peers[1].Nodes = []string{"n-3", "n-1"}
	var got [][]string
	for _, g := range plan(t, stack).Groups() {
		got = append(got, append([]string{g.Name}, g.Nodes...))
	}
	want := [][]string{{"bgp-gateway-gateway-v6", "n-1", "n-3"}, {"bgp-gateway", "n-2"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("groups %v, want %v", got, want)
	}
}

func TestRouters_JoinTheTwoAddressesOfOne(t *testing.T) {
	stack := dual(t)
	peer := func(name, address string, asn uint32) spec.BGPPeer {
		return spec.BGPPeer{Name: name, Address: netip.MustParseAddr(address), ASN: asn}
	}
	stack.Cilium.BGP.Peers = []spec.BGPPeer{
		peer("left", "10.0.60.1", 64512), peer("right", "10.0.60.2", 64512),
		peer("left-v6", "fd00:60::1", 64512), peer("right-v6", "fd00:60::2", 64512),
		peer("core", "fd00:60::3", 64513),
	}
	var got []string
	for _, r := range plan(t, stack).Routers() {
		line := r.Name + " " + r.ID.String() + ":"
		for _, s := range r.Sessions {
			line += " " + s.Name
		}
		got = append(got, line)
	}
	want := []string{"left 10.0.60.1: left left-v6", "right 10.0.60.2: right right-v6", "core invalid IP: core"}
	if !slices.Equal(got, want) {
		t.Errorf("routers %q, want %q", got, want)
	}
}

func TestCover_HoldsExactlyTheRange(t *testing.T) {
	for name, test := range map[string]struct{ first, last, want string }{
		"one address":           {"10.0.0.7", "10.0.0.7", "[10.0.0.7/32]"},
		"a whole prefix":        {"10.0.0.0", "10.0.0.255", "[10.0.0.0/24]"},
		"a ragged range":        {"10.0.50.100", "10.0.50.199", "[10.0.50.100/30 10.0.50.104/29 10.0.50.112/28 10.0.50.128/26 10.0.50.192/29]"},
		"everything":            {"0.0.0.0", "255.255.255.255", "[0.0.0.0/0]"},
		"the end of the family": {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127]"},
		"an IPv6 range":         {"fd00:61::10", "fd00:61::21", "[fd00:61::10/124 fd00:61::20/127]"},
	} {
		t.Run(name, func(t *testing.T) {
			got := fmt.Sprint(bgp.Cover(netip.MustParseAddr(test.first), netip.MustParseAddr(test.last)))
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

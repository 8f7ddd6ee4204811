package cilium

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/components/cilium/frr"
	"github.com/home-ops/home-ops/spec"
)

func TestBothEnds_Agree(t *testing.T) {
	for _, stack := range stacks(t) {
		if stack.Cilium.BGP == nil {
			continue
		}
		t.Run(stack.Name, func(t *testing.T) {
			for _, fault := range disagreements(t, stack, routerText(t, stack)) {
				t.Error(fault)
			}
		})
	}
}

// What the comparison would not notice, it could not vouch for.
func TestBothEnds_DisagreeWhenTheRouterIsChanged(t *testing.T) {
	stack := dual(t)
	for name, test := range map[string]struct{ old, new, want string }{
		"another ASN of the router": {
			"router bgp 64512", "router bgp 64511",
			"gateway: Cilium expects AS 64512, the router is AS 64511",
		},
		"another ASN of the nodes": {
			"neighbor dual-gateway remote-as 64514", "neighbor dual-gateway remote-as 64515",
			"gateway: Cilium is AS 64514 on n-1, the router expects AS 64515",
		},
		"a node that the router does not know": {
			" neighbor 10.0.60.12 peer-group dual-gateway\n", "",
			"gateway: the router does not know node n-2 (10.0.60.12)",
		},
		"other timers": {
			"neighbor dual-gateway timers 10 30", "neighbor dual-gateway timers 3 9",
			"gateway: Cilium's timers are 10 30, the router's 3 9",
		},
		"no password": {
			"neighbor dual-gateway password {{ op://lab/bgp/password }}\n", "bgp x\n",
			"gateway: Cilium has a password, the router none",
		},
		"a family that is not active": {
			"  neighbor dual-gateway-v6 activate\n", "",
			"gateway-v6: the router does not take part in ipv6",
		},
		"a single path": {
			"maximum-paths 3", "maximum-paths 1",
			"gateway: the router keeps 1 path(s) to an address that 3 nodes announce",
		},
		"a pool that is left out": {
			"permit 10.0.62.16/30 le 32", "permit 10.9.62.16/30 le 32",
			"gateway: pool media hands out 10.0.62.16, the router refuses 10.0.62.16/32",
		},
		"a pool of which single addresses are refused": {
			"permit fd00:61::/112 le 128", "permit fd00:61::/112",
			"gateway-v6: pool default hands out fd00:61::3, the router refuses fd00:61::3/128",
		},
		"a router that accepts the default route": {
			"ip prefix-list dual-announced-ipv4 seq 10000 deny any",
			"ip prefix-list dual-announced-ipv4 seq 10000 permit any",
			"gateway: the router accepts 0.0.0.0/0, which no pool holds",
		},
	} {
		t.Run(name, func(t *testing.T) {
			text := routerText(t, stack)
			if !strings.Contains(text, test.old) {
				t.Fatalf("the configuration has no %q", test.old)
			}
			faults := disagreements(t, stack, strings.ReplaceAll(text, test.old, test.new))
			if !slices.Contains(faults, test.want) {
				t.Errorf("found %q, want %q", faults, test.want)
			}
		})
	}
}

// routerText is the configurations of the stack's routers, one after the other.
func routerText(t *testing.T, stack *spec.Stack) string {
	t.Helper()
	configs, err := frr.Configs(stack)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(configs)) {
		all = append(all, string(configs[name]))
	}
	return strings.Join(all, nextRouter)
}

const nextRouter = "! the next router\n"

// disagreements compares Cilium's objects with a router's configuration.
func disagreements(t *testing.T, stack *spec.Stack, router string) []string {
	t.Helper()
	var confs []*routerConf
	for _, text := range strings.Split(router, nextRouter) {
		confs = append(confs, parseRouter(t, text))
	}
	ours := bgpObjects(stack, sessions(t, stack))
	var faults []string
	for _, cluster := range ours.Clusters {
		for _, peer := range cluster.Spec.BGPInstances[0].Peers {
			at := slices.IndexFunc(ours.PeerConfigs, func(c *ciliumio.BGPPeerConfig) bool {
				return c.Name == peer.PeerConfigRef.Name
			})
			group := stack.Cluster.Name + "-" + peer.Name
			has := slices.IndexFunc(confs, func(c *routerConf) bool { return c.groups[group] != nil })
			if has < 0 {
				faults = append(faults, peer.Name+": no router knows it")
				continue
			}
			e := ends{
				stack: stack, conf: confs[has], local: cluster.Spec.BGPInstances[0].LocalASN, peer: peer,
				config: ours.PeerConfigs[at].Spec, group: group, overrides: ours.Overrides,
			}
			e.session()
			e.family()
			e.pools()
			faults = append(faults, e.faults...)
		}
	}
	return faults
}

// ends are the two ends of the sessions with one address of a router.
type ends struct {
	stack  *spec.Stack
	conf   *routerConf
	local  int64
	peer   ciliumio.BGPPeer
	config ciliumio.BGPPeerConfigSpec
	group  string
	faults []string
	// overrides are what single nodes do otherwise.
	overrides []*ciliumio.BGPNodeConfigOverride
}

// asnOf is the AS in which Cilium runs on a node.
func (e *ends) asnOf(node string) string {
	for _, o := range e.overrides {
		if asn := o.Spec.BGPInstances[0].LocalASN; o.Name == node && asn != 0 {
			return fmt.Sprint(asn)
		}
	}
	return fmt.Sprint(e.local)
}

func (e *ends) fault(format string, args ...any) {
	e.faults = append(e.faults, fmt.Sprintf(e.peer.Name+": "+format, args...))
}

func (e *ends) session() {
	group := e.conf.groups[e.group]
	if e.peer.PeerASN != 0 && fmt.Sprint(e.peer.PeerASN) != e.conf.asn {
		e.fault("Cilium expects AS %d, the router is AS %s", e.peer.PeerASN, e.conf.asn)
	}
	timers := fmt.Sprintf("%d %d", e.config.Timers.KeepAlive, e.config.Timers.HoldTime)
	if group["timers"] != timers {
		e.fault("Cilium's timers are %s, the router's %s", timers, group["timers"])
	}
	_, routerHas := group["password"]
	if ciliumHas := e.config.AuthSecretRef != ""; ciliumHas != routerHas {
		words := map[bool]string{true: "a password", false: "none"}
		e.fault("Cilium has %s, the router %s", words[ciliumHas], words[routerHas])
	}
	for _, name := range e.stack.LoadBalancerNodes() {
		node, _ := e.stack.Node(name)
		address, _ := node.AddressTowards(netip.MustParseAddr(e.peer.PeerAddress))
		if e.conf.neighbors[address] != e.group {
			e.fault("the router does not know node %s (%s)", name, address)
		}
		if asn, expects := e.asnOf(name), cmp.Or(e.conf.remote[address], group["remote-as"]); asn != expects {
			e.fault("Cilium is AS %s on %s, the router expects AS %s", asn, name, expects)
		}
	}
}

func (e *ends) family() {
	for _, f := range e.config.Families {
		if _, active := e.conf.families[f.AFI][e.group]["activate"]; !active {
			e.fault("the router does not take part in %s", f.AFI)
		}
		if nodes := len(e.stack.LoadBalancerNodes()); e.conf.paths[f.AFI] < nodes {
			e.fault("the router keeps %d path(s) to an address that %d nodes announce", e.conf.paths[f.AFI], nodes)
		}
	}
}

// pools asks the router about addresses of every pool, and about what is in none.
func (e *ends) pools() {
	six := netip.MustParseAddr(e.peer.PeerAddress).Is6()
	list := e.conf.families[e.config.Families[0].AFI][e.group]["prefix-list in"]
	accepts := func(a netip.Addr) bool { return e.conf.accepts(list, netip.PrefixFrom(a, a.BitLen())) }
	for _, pool := range pools(e.stack) {
		for _, block := range pool.Spec.Blocks {
			for _, a := range addressesOf(block) {
				if a.Is6() == six && !accepts(a) {
					e.fault("pool %s hands out %s, the router refuses %s/%d", pool.Name, a, a, a.BitLen())
				}
			}
		}
	}
	strangers := []string{"0.0.0.0/0", "::/0", "203.0.113.0/24", "2001:db8::/48"}
	for _, node := range e.stack.Nodes {
		for _, a := range node.Addresses() {
			strangers = append(strangers, netip.PrefixFrom(a, a.BitLen()).String())
		}
	}
	for _, stranger := range strangers {
		if route := netip.MustParsePrefix(stranger); route.Addr().Is6() == six && e.conf.accepts(list, route) {
			e.fault("the router accepts %s, which no pool holds", route)
		}
	}
}

// addressesOf is every address of a block, or of a large one the first 4096 and the last.
func addressesOf(block ciliumio.IPBlock) []netip.Addr {
	first, last := block.Start, block.Stop
	if block.CIDR != "" {
		r := spec.RangeOf(netip.MustParsePrefix(block.CIDR))
		first, last = r.First.String(), r.Last.String()
	}
	if last == "" {
		last = first
	}
	var out []netip.Addr
	end := netip.MustParseAddr(last)
	for a := netip.MustParseAddr(first); a.Compare(end) <= 0 && len(out) < 4096; a = a.Next() {
		out = append(out, a)
	}
	return append(out, end)
}

// A router that expects one AS of all nodes drops those with a number of their own.
func TestBothEnds_DisagreeWhenTheRouterKnowsOneNumberOfSeveral(t *testing.T) {
	stack := rack(t)
	text := strings.Replace(routerText(t, stack), " neighbor 10.0.70.12 remote-as 64602\n", " neighbor 10.0.70.12 remote-as 64514\n", 1)
	want := "switch: Cilium is AS 64602 on n-2, the router expects AS 64514"
	if faults := disagreements(t, stack, text); !slices.Contains(faults, want) {
		t.Errorf("found %q, want %q", faults, want)
	}
}

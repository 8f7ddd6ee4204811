package spec

import (
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// The lists that hold the plan's networks.
var (
	nodeCIDRs    = field.NewPath("network", "nodeCIDRs")
	podCIDRs     = field.NewPath("network", "podCIDRs")
	serviceCIDRs = field.NewPath("network", "serviceCIDRs")
)

// network is one prefix of the plan with its owner.
type network struct {
	// list leads to the list that has the prefix, path to its entry there.
	list, path *field.Path
	prefix     netip.Prefix
}

// ofNodes reports whether nodes have their addresses in the network.
func (n network) ofNodes() bool { return n.list == nodeCIDRs }

// networks lists the node, pod and service networks, without those that are the whole address space: what
// else is wrong with them says nothing more.
func (s *Stack) networks() []network {
	return slices.DeleteFunc(s.allNetworks(), func(n network) bool { return n.prefix.Bits() == 0 })
}

func (s *Stack) allNetworks() []network {
	var out []network
	for _, list := range []struct {
		path *field.Path
		ps   []netip.Prefix
	}{
		{nodeCIDRs, s.Network.NodeCIDRs},
		{podCIDRs, s.Network.PodCIDRs},
		{serviceCIDRs, s.Network.ServiceCIDRs},
	} {
		for i, p := range list.ps {
			if p.IsValid() {
				out = append(out, network{list.path, list.path.Index(i), p})
			}
		}
	}
	return out
}

// prefixes checks that the networks are canonical, apart, and of families that go together.
func (c *checker) prefixes() {
	all := c.s.allNetworks()
	for i, n := range all {
		c.canonical(n.path, n.prefix)
		c.usableNetwork(n)
		for _, other := range all[:i] {
			if n.prefix.Bits() > 0 && other.prefix.Bits() > 0 && n.prefix.Overlaps(other.prefix) {
				c.errorf(n.path, "%s%s overlaps %s (%s%s)", n.prefix, c.defaulted(n.list), other.path, other.prefix, c.defaultNote(other.path))
			}
		}
	}
	c.onePerFamily(podCIDRs, c.s.Network.PodCIDRs)
	c.onePerFamily(serviceCIDRs, c.s.Network.ServiceCIDRs)
	c.families()
}

func (c *checker) defaultNote(path *field.Path) string {
	if c.s.source != nil && !c.s.isSet(path) {
		return ", the default"
	}
	return ""
}

func (c *checker) canonical(path *field.Path, p netip.Prefix) {
	if p.IsValid() && p != p.Masked() {
		c.errorf(path, "%s has bits set beyond its /%d; write %s", p, p.Bits(), p.Masked())
	}
}

var (
	carrierNAT = netip.MustParsePrefix("100.64.0.0/10")
	benchmark  = netip.MustParsePrefix("198.18.0.0/15")
	zeroNet    = netip.MustParsePrefix("0.0.0.0/8")
	classE     = netip.MustParsePrefix("240.0.0.0/4")
)

// usableNetwork refuses prefixes that no host can have an address in.
func (c *checker) usableNetwork(n network) {
	path, p, a := n.path, n.prefix, n.prefix.Addr()
	switch {
	case p.Bits() == 0:
		c.errorf(path, "%s is the whole address space", p)
	case a.IsLoopback():
		c.errorf(path, "%s is loopback, which never leaves a machine", p)
	case a.IsMulticast():
		c.errorf(path, "%s is multicast", p)
	case a.IsLinkLocalUnicast():
		c.errorf(path, "%s is link-local, which is not routed", p)
	case a.Is4() && (zeroNet.Overlaps(p) || classE.Overlaps(p)):
		c.errorf(path, "%s is reserved (RFC 6890); use a private network such as 10.0.0.0/8", p)
	case a.Is4() && !a.IsPrivate() && !carrierNAT.Contains(a) && !benchmark.Contains(a) && !n.ofNodes():
		c.warnf(path, "%s is public address space: pods could not reach the Internet hosts that own it; private is 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16", p)
	}
}

func (c *checker) onePerFamily(path *field.Path, ps []netip.Prefix) {
	seen := map[bool]int{}
	for i, p := range ps {
		if !p.IsValid() {
			continue
		}
		six := p.Addr().Is6()
		if first, ok := seen[six]; ok {
			c.errorf(path.Index(i), "%s is a second %s network beside %s (%s); Kubernetes takes one of each family", p, familyName(six), path.Index(first), ps[first])
			continue
		}
		seen[six] = i
	}
}

// families checks that pods and services have the same families in the same order, and nodes at least those.
func (c *checker) families() {
	n := c.s.Network
	if c.anyBad(nodeCIDRs, podCIDRs, serviceCIDRs) {
		return
	}
	pods, services := families(n.PodCIDRs), families(n.ServiceCIDRs)
	switch {
	case len(pods) == 0 || len(services) == 0:
	case len(pods) != len(services):
		c.errorf(serviceCIDRs, "has %s, but network.podCIDRs has %s: both are single-stack or both are dual-stack", familyList(services), familyList(pods))
	case pods[0] != services[0] && len(pods) == 2:
		c.errorf(serviceCIDRs, "begins with %s, but network.podCIDRs begins with %s: the primary family comes first in both", familyName(services[0]), familyName(pods[0]))
	case pods[0] != services[0]:
		c.errorf(serviceCIDRs, "is %s, but network.podCIDRs is %s", familyName(services[0]), familyName(pods[0]))
	}
	for i, p := range n.PodCIDRs {
		if six := p.Addr().Is6(); p.IsValid() && len(n.NodeCIDRs) > 0 && !hasFamily(n.NodeCIDRs, six) {
			c.errorf(podCIDRs.Index(i), "%s is %s, but no node network is: add one to network.nodeCIDRs, or leave %s out", p, familyName(six), familyName(six))
		}
	}
}

// anyBad reports whether a value below one of the paths could not be read.
func (c *checker) anyBad(paths ...*field.Path) bool {
	if c.s.source == nil {
		return false
	}
	for bad := range c.s.source.bad {
		for _, p := range paths {
			if at := textOf(p); bad == at || parentPath(bad) == at {
				return true
			}
		}
	}
	return false
}

func familyList(fs []bool) string {
	switch {
	case len(fs) == 2:
		return "IPv4 and IPv6"
	case len(fs) == 1:
		return "only " + familyName(fs[0])
	default:
		return "nothing"
	}
}

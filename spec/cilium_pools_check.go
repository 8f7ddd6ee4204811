package spec

import (
	"net/netip"
	"regexp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// pools checks the load balancer's addresses.
func (c *checker) pools() {
	for i, p := range c.s.Cilium.Pools {
		path := field.NewPath("cilium", "pools").Index(i)
		for j, r := range p.Blocks {
			if r.IsValid() {
				c.poolBlock(path.Child("blocks").Index(j), r)
			}
		}
		switch {
		case p.Purpose == "selected" && len(p.ServiceLabels) == 0:
			c.errorf(path.Child("serviceLabels"), "is missing: purpose selected wants the labels of the services that may use the pool")
		case p.Purpose != "selected" && len(p.ServiceLabels) > 0:
			c.errorf(path.Child("serviceLabels"), "has no effect with purpose %s; purpose selected looks at them", p.Purpose)
		}
	}
}

func (c *checker) poolBlock(path *field.Path, r Range) {
	if r.Prefix.IsValid() {
		c.canonical(path, r.Prefix)
	}
	if !c.hostAddress(path, r.First) {
		return
	}
	six := r.Is6()
	if pods := c.s.Network.PodCIDRs; len(pods) > 0 && !hasFamily(pods, six) && !c.anyBad(podCIDRs) {
		c.errorf(path, "%s is %s, but services have only %s (network.serviceCIDRs): no one could use it", r, familyName(six), familyName(!six))
	}
	for _, n := range c.s.networks() {
		switch {
		case !r.Overlaps(RangeOf(n.prefix)):
		case !n.ofNodes():
			c.errorf(path, "%s overlaps %s (%s%s)", r, n.path, n.prefix, c.defaultNote(n.path))
		case !r.Within(n.prefix):
			c.errorf(path, "%s lies only in part in %s (%s)", r, n.path, n.prefix)
		default:
			c.poolEnds(path, r, n.prefix.Masked())
		}
	}
}

// poolEnds keeps the network and broadcast addresses of a node network out of a pool.
func (c *checker) poolEnds(path *field.Path, r Range, p netip.Prefix) {
	switch {
	case r.Contains(p.Addr()):
		c.errorf(path, "%s contains %s, the network address of %s", r, p.Addr(), p)
	case r.First.Is4() && r.Contains(lastAddr(p)):
		c.errorf(path, "%s contains %s, the broadcast address of %s", r, lastAddr(p), p)
	}
}

// announcements checks that the addresses of the pools become known to the network in one way, and one that
// works where they lie.
func (c *checker) announcements() {
	ci := c.s.Cilium
	switch {
	case ci.L2.Enabled && ci.BGP != nil:
		c.errorf(field.NewPath("cilium", "l2", "enabled"), "L2 announcements and cilium.bgp are both on: routers would hear of each address twice, from different nodes; keep one")
	case !ci.L2.Enabled && ci.BGP == nil && len(ci.Pools) > 0 && !c.anyBad(field.NewPath("cilium")):
		c.warnf(field.NewPath("cilium", "pools"), "no one announces these addresses: cilium.l2 is off and there is no cilium.bgp")
	}
	if ci.L2.Enabled {
		c.l2()
	}
	if ci.BGP != nil && !ci.L2.Enabled {
		for _, b := range c.poolBlocks() {
			for i, p := range c.s.Network.NodeCIDRs {
				if p.IsValid() && b.r.Within(p) {
					c.warnf(b.path, "%s lies in network.nodeCIDRs[%d] (%s): BGP tells routers of it, but machines in that network ask for it by ARP and get no answer", b.r, i, p)
				}
			}
		}
	}
}

func (c *checker) l2() {
	l := c.s.Cilium.L2
	for _, b := range c.poolBlocks() {
		inside := slices.ContainsFunc(c.s.Network.NodeCIDRs, func(p netip.Prefix) bool { return p.IsValid() && b.r.Overlaps(RangeOf(p)) })
		if !inside && !c.onExtraLink(b.r) && len(c.s.Network.NodeCIDRs) > 0 && !c.anyBad(nodeCIDRs) && b.r.First.IsGlobalUnicast() {
			c.errorf(b.path, "%s lies in none of the nodes' networks (%s): nobody asks for its addresses there, so L2 announcements cannot serve them; use cilium.bgp, or addresses of a node network", b.r, listed(c.s.Network.NodeCIDRs))
		}
		if v, ok := c.s.Versions.Cilium.parse(); ok && b.r.Is6() && v.compareMinor(semver{major: 1, minor: 19}) < 0 {
			c.errorf(b.path, "%s is IPv6, which the L2 announcements of Cilium %s do not answer for; use 1.19 or later, or cilium.bgp (https://github.com/cilium/cilium/blob/v1.18.2/Documentation/network/l2-announcements.rst)", b.r, c.s.Versions.Cilium)
		}
	}
	c.answered()
	c.nodeNames(field.NewPath("cilium", "l2", "nodes"), l.Nodes)
	for i, expr := range l.Interfaces {
		if _, err := regexp.Compile(expr); err != nil {
			c.errorf(field.NewPath("cilium", "l2", "interfaces").Index(i), "%q is not a regular expression: %s", expr, err)
		}
	}
	if d := l.LeaseDuration.Of(); d < 3*time.Second || d > 5*time.Minute {
		c.errorf(field.NewPath("cilium", "l2", "leaseDuration"), "%s is outside 3s–5m", l.LeaseDuration)
	}
}

func (c *checker) onExtraLink(r Range) bool {
	for _, n := range c.s.Nodes {
		for _, l := range n.ExtraLinks {
			for _, p := range l.Addresses {
				if p.IsValid() && r.Within(p.Masked()) {
					return true
				}
			}
		}
	}
	return false
}

// nodeNames checks that a list names nodes of the stack, each once.
func (c *checker) nodeNames(path *field.Path, names []string) {
	seen := map[string]bool{}
	for i, name := range names {
		at := path.Index(i)
		c.nodeRef(at, name)
		if seen[name] {
			c.errorf(at, "%s is listed twice", name)
		}
		seen[name] = true
	}
}

// nodeRef checks that name is a node of the stack.
func (c *checker) nodeRef(path *field.Path, name string) bool {
	if name == "" {
		return false
	}
	if _, ok := c.byName[name]; ok {
		return true
	}
	known := make([]string, 0, len(c.s.Nodes))
	for i := range c.s.Nodes {
		known = append(known, c.s.Nodes[i].Name)
	}
	if near := nearest(name, known); near != "" {
		c.errorf(path, "%q is not a node of this stack; did you mean %q?", name, near)
	} else {
		c.errorf(path, "%q is not a node of this stack", name)
	}
	return false
}

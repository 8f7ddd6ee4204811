package spec

import (
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// addressClashes checks that no address has two owners.
func (c *checker) addressClashes() {
	inside := map[netip.Addr]placed{}
	outside := map[netip.Addr]placed{}
	for _, p := range c.addresses {
		first, clash := inside[p.addr]
		if !clash && !p.kind.outside() {
			first, clash = outside[p.addr]
		}
		if clash {
			c.errorf(p.path, "%s is also %s (%s)", p.addr, first.path, first.who)
			continue
		}
		if p.kind.outside() {
			outside[p.addr] = p
		} else {
			inside[p.addr] = p
		}
	}
	for _, p := range c.addresses {
		for _, n := range c.s.networks() {
			// Where two networks overlap, that alone is told.
			if _, ok := c.s.Network.NodeNetworkOf(p.addr); ok || n.ofNodes() || !n.prefix.Contains(p.addr) {
				continue
			}
			c.errorf(p.path, "%s lies in %s (%s%s), where packets never leave the cluster", p.addr, n.path, n.prefix, c.defaultNote(n.path))
		}
	}
}

// block is a range of addresses that the plan gives to someone.
type block struct {
	path *field.Path
	r    Range
	what string
}

// rangeClashes checks that load-balancer pools, DHCP and what belongs to others keep apart, and that no
// single address lies in the wrong one.
func (c *checker) rangeClashes() {
	pools, taken := c.poolBlocks(), c.takenBlocks()
	for _, b := range taken {
		c.rangeInNetwork(b)
		for _, a := range c.addresses {
			if a.kind.outside() || a.kind == ofDHCPNode && b.what == "DHCP" || !b.r.Contains(a.addr) {
				continue
			}
			if b.what == "DHCP" {
				c.errorf(a.path, "%s lies in %s (%s): the router would give it to another machine too", a.addr, b.path, b.r)
			} else {
				c.errorf(a.path, "%s lies in %s (%s), which belongs to others", a.addr, b.path, b.r)
			}
		}
	}
	for i, b := range pools {
		for _, a := range c.addresses {
			if a.kind == ofService || !b.r.Contains(a.addr) {
				continue
			}
			if a.kind == ofResolver {
				c.resolverInPool(a, b)
				continue
			}
			c.errorf(b.path, "%s contains %s, which is %s (%s)", b.r, a.addr, a.path, a.who)
		}
		for _, other := range append(taken[:len(taken):len(taken)], pools[:i]...) {
			if b.r.Overlaps(other.r) {
				c.errorf(b.path, "%s overlaps %s (%s)", b.r, other.path, other.r)
			}
		}
	}
}

// resolverInPool judges a DNS or time server that runs in the cluster: beside others it only costs delay.
func (c *checker) resolverInPool(a placed, b block) {
	for _, other := range c.addresses {
		if other.kind == ofResolver && other.who == a.who && !c.pooled(other.addr) {
			c.warnf(a.path, "%s lies in %s (%s): while the cluster is down nodes wait for it before they ask %s", a.addr, b.path, b.r, other.addr)
			return
		}
	}
	c.errorf(a.path, "%s lies in %s (%s): nodes need it before the cluster can serve it", a.addr, b.path, b.r)
}

func (c *checker) pooled(a netip.Addr) bool {
	return slices.ContainsFunc(c.s.Cilium.Pools, func(p Pool) bool { return p.Contains(a) })
}

func (c *checker) poolBlocks() []block {
	var out []block
	for i, p := range c.s.Cilium.Pools {
		for j, r := range p.Blocks {
			if r.IsValid() {
				out = append(out, block{field.NewPath("cilium", "pools").Index(i).Child("blocks").Index(j), r, "pool"})
			}
		}
	}
	return out
}

func (c *checker) takenBlocks() []block {
	var out []block
	for i, r := range c.s.Network.DHCPRanges {
		if r.IsValid() {
			out = append(out, block{field.NewPath("network", "dhcpRanges").Index(i), r, "DHCP"})
		}
	}
	for i, r := range c.s.Network.Reserved {
		if r.IsValid() {
			out = append(out, block{field.NewPath("network", "reserved").Index(i), r, "reserved"})
		}
	}
	return out
}

// rangeInNetwork finds ranges that cannot mean anything, which are most often typing errors.
func (c *checker) rangeInNetwork(b block) {
	for _, n := range c.s.networks() {
		if b.r.Overlaps(RangeOf(n.prefix)) {
			if !n.ofNodes() {
				c.errorf(b.path, "%s overlaps %s (%s%s)", b.r, n.path, n.prefix, c.defaultNote(n.path))
			}
			return
		}
	}
	for _, n := range c.s.Nodes {
		for _, l := range n.ExtraLinks {
			for _, p := range l.Addresses {
				if b.r.Overlaps(RangeOf(p)) {
					return
				}
			}
		}
	}
	if !c.anyBad(nodeCIDRs) {
		c.warnf(b.path, "%s lies in none of the nodes' networks (%s)", b.r, listed(c.s.Network.NodeCIDRs))
	}
}

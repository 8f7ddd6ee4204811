package spec

import (
	"fmt"
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// card is what a link is put on: the same card may carry several VLANs.
func (l Link) card() string {
	switch {
	case !l.MAC.IsZero():
		return l.MAC.String()
	case l.Interface != "":
		return l.Interface
	case l.Bond != nil:
		return l.Bond.Name
	case !l.Card.IsZero():
		return l.Card.String()
	default:
		return ""
	}
}

func (n Node) card() string {
	return Link{MAC: n.MAC, Interface: n.Interface, Card: n.Card, Bond: n.Bond}.card()
}

// extraLinks checks the networks beside the node network.
func (c *checker) extraLinks() {
	// Networks that several nodes share, by the prefix that the first of them wrote.
	shared := map[netip.Prefix]*field.Path{}
	c.eachNode(func(path *field.Path, n *Node) {
		type carried struct {
			card string
			vlan int
		}
		uses := map[carried]*field.Path{{n.card(), n.VLAN}: path}
		for i := range n.ExtraLinks {
			l := &n.ExtraLinks[i]
			at := path.Child("extraLinks").Index(i)
			c.oneSelector(at, *l, "this network")
			c.notBonded(at, n, l)
			if key := (carried{l.card(), l.VLAN}); l.card() != "" {
				if other, ok := uses[key]; ok {
					c.errorf(at, "%s with %s is already the link of %s: give it another vlan, or put the addresses there", key.card, vlanName(l.VLAN), other)
				}
				uses[key] = at
			}
			if l.card() != "" && l.card() == n.card() && l.MTU > n.MTU && l.VLAN != 0 {
				c.errorf(at.Child("mtu"), "%d is larger than the %d of the card that carries it (network.mtu): raise that one too", l.MTU, n.MTU)
			}
			c.linkAddresses(at, n, i, shared)
		}
	})
}

// notBonded refuses a link on a card that is given to a bond: the kernel takes packets from the bond only.
func (c *checker) notBonded(path *field.Path, n *Node, l *Link) {
	bonds := []*Bond{n.Bond}
	for i := range n.ExtraLinks {
		bonds = append(bonds, n.ExtraLinks[i].Bond)
	}
	for _, b := range bonds {
		if b == nil {
			continue
		}
		for _, m := range b.MACs {
			if m == l.MAC && !m.IsZero() {
				c.errorf(path.Child("mac"), "%s is a member of %s: put the link on the bond (interface: %s)", m, b.Name, b.Name)
			}
		}
		if slices.Contains(b.Interfaces, l.Interface) {
			c.errorf(path.Child("interface"), "%s is a member of %s: put the link on the bond (interface: %s)", l.Interface, b.Name, b.Name)
		}
	}
}

func vlanName(tag int) string {
	if tag == 0 {
		return "no VLAN"
	}
	return fmt.Sprintf("VLAN %d", tag)
}

func (c *checker) linkAddresses(path *field.Path, n *Node, index int, shared map[netip.Prefix]*field.Path) {
	for i, p := range n.ExtraLinks[index].Addresses {
		at := path.Child("addresses").Index(i)
		if !p.IsValid() {
			continue
		}
		if n.carriesAlone(p, index) {
			continue
		}
		c.place(at, p.Addr(), ofLink, n.Name)
		// Point-to-point links take any address that routes lead to.
		alone := p.Bits() == p.Addr().BitLen() && p.Addr().IsLinkLocalUnicast()
		if !alone && !c.hostAddress(at, p.Addr()) || !c.inPrefix(at, p.Addr(), p) {
			continue
		}
		net := p.Masked()
		for _, other := range c.s.networks() {
			if !other.prefix.Overlaps(net) {
				continue
			}
			if other.ofNodes() {
				c.errorf(at, "%s lies in %s (%s): with two links in one network the node answers on the wrong one", p, other.path, other.prefix)
			} else if !other.prefix.Contains(p.Addr()) {
				c.errorf(at, "%s overlaps %s (%s%s)", p, other.path, other.prefix, c.defaultNote(other.path))
			}
		}
		for j := range n.ExtraLinks[:index] {
			for _, q := range n.ExtraLinks[j].Addresses {
				if q.IsValid() && q.Overlaps(net) {
					c.errorf(at, "%s and %s of extraLinks[%d] lie in one network: with two links in it the node answers on the wrong one", p, q, j)
				}
			}
		}
		c.sameLength(at, p, shared)
	}
}

// carriesAlone reports whether an earlier link of the node has the same address for itself alone (a /32 or /128): the
// two ends of point-to-point links in a ring, where routes say which way leads to whom.
func (n *Node) carriesAlone(p netip.Prefix, before int) bool {
	if p.Bits() != p.Addr().BitLen() {
		return false
	}
	for _, l := range n.ExtraLinks[:before] {
		if slices.Contains(l.Addresses, p) {
			return true
		}
	}
	return false
}

// sameLength finds nodes that disagree on the prefix length of a network that they share.
func (c *checker) sameLength(path *field.Path, p netip.Prefix, shared map[netip.Prefix]*field.Path) {
	net := p.Masked()
	if _, ok := shared[net]; ok {
		return
	}
	for bits := 1; bits <= net.Addr().BitLen(); bits++ {
		wide := netip.PrefixFrom(net.Addr(), bits).Masked()
		if first, ok := shared[wide]; ok && bits != net.Bits() {
			c.errorf(path, "%s is not the network of %s (%s): nodes of one network have one prefix length", p, first, wide)
			return
		}
	}
	shared[net] = path
}

// routes checks the static routes of every link.
func (c *checker) routes() {
	c.eachNode(func(path *field.Path, n *Node) {
		c.linkRoutes(path.Child("routes"), n.Routes, n.DHCP || n.Lease, c.s.InterfacePrefixes(*n), n)
		for i := range n.ExtraLinks {
			l := &n.ExtraLinks[i]
			c.linkRoutes(path.Child("extraLinks").Index(i).Child("routes"), l.Routes, l.DHCP, l.Addresses, n)
		}
	})
}

func (c *checker) linkRoutes(path *field.Path, routes []Route, dhcp bool, own []netip.Prefix, n *Node) {
	type key struct {
		to     netip.Prefix
		metric int
	}
	seen := map[key]int{}
	for i, r := range routes {
		at := path.Index(i)
		if !r.To.IsValid() {
			continue
		}
		if r.To != r.To.Masked() {
			c.errorf(at.Child("to"), "%s has bits set beyond its /%d; write %s", r.To, r.To.Bits(), r.To.Masked())
		}
		if first, ok := seen[key{r.To.Masked(), r.Metric}]; ok {
			c.errorf(at, "%s is already routed by %s with metric %d", r.To, path.Index(first), r.Metric)
		}
		seen[key{r.To.Masked(), r.Metric}] = i
		c.routeTarget(at.Child("to"), r, n)
		c.routeVia(at.Child("via"), r, dhcp, own)
	}
}

func (c *checker) routeTarget(path *field.Path, r Route, n *Node) {
	if r.To.Bits() == 0 {
		for _, g := range c.s.DefaultGateways(*n) {
			if g.Is6() == r.To.Addr().Is6() && r.Metric == 1024 && !n.DHCP {
				c.errorf(path, "%s is a second default route beside that over %s (network.gateways) with the same metric 1024; give it a higher one", r.To, g)
			}
		}
		return
	}
	for _, net := range c.s.networks() {
		switch {
		case !net.prefix.Overlaps(r.To):
		case net.ofNodes():
			c.warnf(path, "%s overlaps %s (%s): nodes in it would be looked for behind a router", r.To, net.path, net.prefix)
		default:
			c.errorf(path, "%s overlaps %s (%s%s): the route would draw off the cluster's own traffic", r.To, net.path, net.prefix, c.defaultNote(net.path))
		}
	}
}

func (c *checker) routeVia(path *field.Path, r Route, dhcp bool, own []netip.Prefix) {
	switch {
	case !r.Via.IsValid():
		return
	case r.Via.Is6() != r.To.Addr().Is6():
		c.errorf(path, "%s is %s, but the route to %s is %s", r.Via, familyName(r.Via.Is6()), r.To, familyName(r.To.Addr().Is6()))
		return
	case r.Via.IsLinkLocalUnicast() || dhcp:
		return
	}
	for _, p := range own {
		if p.Addr() == r.Via {
			c.errorf(path, "%s is the node's own address", r.Via)
			return
		}
		if p.Contains(r.Via) {
			return
		}
	}
	c.errorf(path, "%s is in none of the link's networks (%s): the node could not reach that router", r.Via, listed(maskedAll(own)))
}

func maskedAll(ps []netip.Prefix) []netip.Prefix {
	out := make([]netip.Prefix, 0, len(ps))
	for _, p := range ps {
		out = append(out, p.Masked())
	}
	return out
}

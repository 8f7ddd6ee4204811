package spec

import (
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// reachable checks that the nodes can open a session with a router without multihop.
func (c *checker) reachable(path *field.Path, p *BGPPeer) {
	if c.anyBad(nodeCIDRs) || len(c.s.Network.NodeCIDRs) == 0 {
		return
	}
	if !hasFamily(c.s.Network.NodeCIDRs, p.Address.Is6()) {
		c.errorf(path, "%s is %s, which no node network is: nodes cannot reach it", p.Address, familyName(p.Address.Is6()))
		return
	}
	if net, ok := c.s.Network.NodeNetworkOf(p.Address); ok {
		c.inPrefix(path, p.Address, net)
	}
	if p.Multihop > 1 {
		return
	}
	for _, name := range c.s.PeerNodes(*p) {
		n, ok := c.node(name)
		if !ok || !n.Address.IsValid() || n.DHCP && c.inNodeNetwork(p.Address) || c.shareNetwork(*n, p.Address) {
			continue
		}
		switch {
		case !c.routed(*n, p.Address.Is6()):
			c.errorf(path, "%s is in no network of node %s: set multihop to the number of hops, or name the nodes that are next to this router", p.Address, n.Name)
		case p.Multihop == 0:
			// The node's own router answers at all of its addresses, one hop away.
			c.warnf(path, "%s is in no network of node %s: write multihop: 1 if it is an address of the node's own router in another VLAN, else the number of hops", p.Address, n.Name)
		default:
			continue
		}
		return
	}
}

// routed reports whether a node has a router of that family. IPv6 routers advertise themselves.
func (c *checker) routed(n Node, six bool) bool {
	return n.DHCP || six || slices.ContainsFunc(c.s.DefaultGateways(n), func(g netip.Addr) bool { return g.Is6() == six })
}

// peerFamilies checks that the nodes can hold the session: it runs between addresses of one family.
func (c *checker) peerFamilies(path *field.Path, p *BGPPeer) {
	if !p.Address.IsValid() || !hasFamily(c.s.Network.NodeCIDRs, p.Address.Is6()) {
		return
	}
	for _, name := range c.s.PeerNodes(*p) {
		n, ok := c.node(name)
		if !ok || !n.Address.IsValid() {
			continue
		}
		if _, has := n.AddressTowards(p.Address); !has {
			c.errorf(path.Child("address"), "node %s has no %s address to peer with %s from; give it one in secondaryAddresses, or name the peer's nodes", n.Name, familyName(p.Address.Is6()), p.Address)
			return
		}
	}
}

// carried checks that each network that is announced has a session of its family to go over: a next hop of the other
// family would need RFC 8950, which few routers of homes speak.
func (c *checker) carried() {
	b := c.s.Cilium.BGP
	for _, a := range c.advertised() {
		six := a.prefix.Addr().Is6()
		has := slices.ContainsFunc(b.Peers, func(p BGPPeer) bool {
			return slices.Contains(b.AdvertisedTo(p), a.kind) &&
				(!p.Address.IsValid() || p.Address.Is6() == six || !hasFamily(c.s.Network.NodeCIDRs, p.Address.Is6()))
		})
		if has || len(b.Peers) == 0 {
			continue
		}
		if slices.ContainsFunc(b.Peers, func(p BGPPeer) bool { return p.Address.IsValid() && p.Address.Is6() == six }) {
			c.errorf(a.path, "no peer in cilium.bgp with an %s address is told of these, so that they would never be announced; add them to the peer's advertise", familyName(six))
		} else {
			c.errorf(a.path, "no peer in cilium.bgp has an %s address, so that these would never be announced; add the router's as a peer", familyName(six))
		}
	}
}

// announced is a network that BGP announces, and as what.
type announced struct {
	network
	kind Advertisement
}

// advertised are the networks that BGP announces to one peer or another. That no peer is told of load-balancer
// addresses is another rule's.
func (c *checker) advertised() []announced {
	var out []announced
	b := c.s.Cilium.BGP
	kinds := slices.Clone(b.Advertise)
	for _, p := range b.Peers {
		kinds = append(kinds, b.AdvertisedTo(p)...)
	}
	toAnyone := func(kind Advertisement) bool {
		return slices.ContainsFunc(b.Peers, func(p BGPPeer) bool { return slices.Contains(b.AdvertisedTo(p), kind) })
	}
	for i, kind := range kinds {
		if slices.Contains(kinds[:i], kind) || !toAnyone(kind) {
			continue
		}
		if kind == AdvertiseLoadBalancer {
			for _, b := range c.poolBlocks() {
				out = append(out, announced{network{path: b.path, prefix: netip.PrefixFrom(b.r.First, b.r.First.BitLen())}, kind})
			}
		}
		for _, n := range c.s.networks() {
			if kind == AdvertisePods && n.list == podCIDRs || kind == AdvertiseClusterIP && n.list == serviceCIDRs {
				out = append(out, announced{n, kind})
			}
		}
	}
	return out
}

func (c *checker) inNodeNetwork(a netip.Addr) bool {
	_, ok := c.s.Network.NodeNetworkOf(a)
	return ok
}

func (c *checker) shareNetwork(n Node, a netip.Addr) bool {
	if net, ok := c.s.Network.NodeNetworkOf(a); ok && slices.ContainsFunc(n.Addresses(), net.Contains) {
		return true
	}
	for _, l := range n.ExtraLinks {
		if slices.ContainsFunc(l.Addresses, func(p netip.Prefix) bool { return p.Contains(a) }) {
			return true
		}
	}
	return false
}

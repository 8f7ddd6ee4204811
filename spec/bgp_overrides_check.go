package spec

import (
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// bgpAdvertise checks that routers are told of what the stack gives to services, and of nothing that only nodes can
// reach.
func (c *checker) bgpAdvertise(path *field.Path, b *BGP) {
	tells := func(p BGPPeer) bool { return slices.Contains(b.AdvertisedTo(p), AdvertiseLoadBalancer) }
	if len(c.s.Cilium.Pools) > 0 && len(b.Advertise) > 0 && len(b.Peers) > 0 && !slices.ContainsFunc(b.Peers, tells) {
		at := path.Child("advertise")
		if slices.Contains(b.Advertise, AdvertiseLoadBalancer) {
			at = path.Child("peers").Index(0).Child("advertise")
		}
		c.errorf(at, "lacks loadBalancer: no router would learn of cilium.pools")
	}
	if c.s.Cilium.Routing != RoutingTunnel {
		return
	}
	if slices.Contains(b.Advertise, AdvertisePods) {
		c.warnf(path.Child("advertise"), "announces pods, but cilium.routing is tunnel: routers would send to pods what only nodes can")
	}
	for i, p := range b.Peers {
		if slices.Contains(p.Advertise, AdvertisePods) {
			c.warnf(path.Child("peers").Index(i).Child("advertise"), "announces pods, but cilium.routing is tunnel: routers would send to pods what only nodes can")
		}
	}
}

// bgpOverrides checks what single nodes do otherwise.
func (c *checker) bgpOverrides(path *field.Path, b *BGP) {
	seen, ids := map[string]int{}, c.routerIDsOfNodes(b)
	for i, o := range b.Overrides {
		at := path.Index(i)
		if first, ok := seen[o.Node]; ok && o.Node != "" {
			c.errorf(at.Child("node"), "%s is already overrides[%d]: put them together", o.Node, first)
			continue
		}
		seen[o.Node] = i
		speaks := slices.ContainsFunc(b.Peers, func(p BGPPeer) bool { return slices.Contains(c.s.PeerNodes(p), o.Node) })
		if c.nodeRef(at.Child("node"), o.Node) && !speaks {
			c.errorf(at.Child("node"), "%s holds no session with any peer (cilium.bgp.nodes): this would have no effect", o.Node)
		}
		c.asn(at.Child("localASN"), o.LocalASN)
		if o.LocalASN == 0 && !o.RouterID.IsValid() && !c.anyBad(at, at.Child("localASN"), at.Child("routerID")) && !c.s.isSet(at.Child("localASN")) {
			c.errorf(at, "says nothing: give localASN or routerID, or remove the entry")
		}
		c.routerID(at.Child("routerID"), o, ids)
	}
}

// routerID checks a router id: routers drop a session whose other end has their own or that of a third one
// (RFC 6286 2.1).
func (c *checker) routerID(at *field.Path, o BGPOverride, ids map[netip.Addr]string) {
	id := o.RouterID
	switch other, taken := ids[id]; {
	case !id.IsValid():
	case id.Is6():
		c.errorf(at, "%s is IPv6; a router id has the 32 bits of an IPv4 address", id)
	case id.IsUnspecified():
		c.errorf(at, "0.0.0.0 is no router id (RFC 6286)")
	case taken && other != o.Node:
		c.errorf(at, "%s is also the router id of %s: routers hold the two for one", id, other)
	default:
		ids[id] = o.Node
	}
}

// routerIDsOfNodes are the router ids that speakers have by themselves: their IPv4 addresses.
func (c *checker) routerIDsOfNodes(b *BGP) map[netip.Addr]string {
	ids := map[netip.Addr]string{}
	for _, p := range b.Peers {
		for _, name := range c.s.PeerNodes(p) {
			n, ok := c.node(name)
			if !ok || b.Override(name).RouterID.IsValid() {
				continue
			}
			if a, has := n.AddressOf(false); has {
				ids[a] = name
			}
		}
	}
	return ids
}

package spec

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// bgp announces the sessions that end, and what the routers have to be told before.
func (c *change) bgp(was, is *BGP) {
	switch {
	case was == nil && is == nil:
		return
	case was == nil || is == nil:
		c.announce(field.NewPath("cilium", "bgp"), "routes to load-balancer addresses are announced otherwise from now on: connections to them break")
		return
	case was.LocalASN != is.LocalASN:
		c.announce(field.NewPath("cilium", "bgp", "localASN"), "AS %d instead of %d: every BGP session ends and is made anew, and the routers have to be told", is.LocalASN, was.LocalASN)
	}
	c.nodeNumbers(was, is)
	for _, p := range was.Peers {
		i := slices.IndexFunc(is.Peers, func(o BGPPeer) bool { return o.Name == p.Name })
		if i < 0 {
			c.announce(field.NewPath("cilium", "bgp", "peers"), "router %s leaves: its sessions end, and it forgets the routes to load-balancer addresses", p.Name)
			continue
		}
		now, at := is.Peers[i], field.NewPath("cilium", "bgp", "peers").Index(i)
		switch {
		case p.Address != now.Address:
			c.announce(at.Child("address"), "%s instead of %s: the sessions with %s end, and are made with another machine", now.Address, p.Address, p.Name)
		case p.ASN != now.ASN || p.LearnASN != now.LearnASN:
			c.announce(at.Child("asn"), "the sessions with %s end and are made anew with another AS number", p.Name)
		}
	}
}

// nodeNumbers announces nodes that speak with another AS number of their own.
func (c *change) nodeNumbers(was, is *BGP) {
	for _, n := range c.to.Nodes {
		if was.Override(n.Name).LocalASN == is.Override(n.Name).LocalASN || was.ASNOf(n.Name) == is.ASNOf(n.Name) {
			continue
		}
		at := field.NewPath("cilium", "bgp", "overrides")
		if i := slices.IndexFunc(is.Overrides, func(o BGPOverride) bool { return o.Node == n.Name }); i >= 0 {
			at = at.Index(i).Child("localASN")
		}
		c.announce(at, "%s speaks as AS %d instead of %d: its BGP sessions end and are made anew, and the routers have to be told", n.Name, is.ASNOf(n.Name), was.ASNOf(n.Name))
	}
}

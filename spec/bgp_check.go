package spec

import (
	"fmt"
	"slices"
	"time"
)

// bgp checks the nodes' side of BGP.
func (c *checker) bgp() {
	b := c.s.Cilium.BGP
	if b == nil {
		return
	}
	const path = "cilium.bgp"
	c.asn(path+".localASN", b.LocalASN)
	c.nodeNames(path+".nodes", b.Nodes)
	if len(c.s.Cilium.Pools) > 0 && len(b.Advertise) > 0 && !slices.Contains(b.Advertise, AdvertiseLoadBalancer) {
		c.errorf(path+".advertise", "lacks loadBalancer: no router would learn of cilium.pools")
	}
	if slices.Contains(b.Advertise, AdvertisePods) && c.s.Cilium.Routing == RoutingTunnel {
		c.warnf(path+".advertise", "announces pods, but cilium.routing is tunnel: routers would send to pods what only nodes can")
	}
	c.routerIDs(path + ".routerIDPool")
	for _, t := range talosPorts {
		if t.port == b.LocalPort {
			c.errorf(path+".localPort", "%d is the port of %s on every node", t.port, t.of)
		}
	}
	marks := map[Community]int{}
	for i, m := range b.Communities {
		if first, ok := marks[m]; ok {
			c.errorf(fmt.Sprintf("%s.communities[%d]", path, i), "%s is already communities[%d]", m, first)
		}
		marks[m] = i
	}
	seen := map[string]int{}
	for i := range b.Peers {
		p := &b.Peers[i]
		at := fmt.Sprintf("%s.peers[%d]", path, i)
		c.peer(at, p)
		if key := fmt.Sprintf("%s port %d", p.Address, p.Port); p.Address.IsValid() {
			if first, ok := seen[key]; ok {
				c.errorf(at+".address", "%s is also %s.peers[%d]: a node holds one session with a router", key, path, first)
			}
			seen[key] = i
		}
	}
	c.carried()
}

// asn checks an autonomous system number (https://www.iana.org/assignments/as-numbers).
func (c *checker) asn(path string, n uint32) bool {
	switch {
	case n == 0 && c.s.isSet(path):
		c.errorf(path, "0 is no one's AS (RFC 7607)")
	case n == 0:
	case n == 23456:
		c.errorf(path, "23456 stands for 32-bit AS numbers on old routers (RFC 6793); write the number itself")
	case n == 65535 || n == 4294967295:
		c.errorf(path, "%d is reserved (RFC 7300); private numbers are 64512–65534 and 4200000000–4294967294", n)
	case n >= 64496 && n <= 64511 || n >= 65536 && n <= 65551:
		c.errorf(path, "%d is for documentation (RFC 5398); private numbers are 64512–65534 and 4200000000–4294967294", n)
	case n < 64512 || n > 65534 && n < 4200000000:
		c.warnf(path, "%d is a public AS number, which someone else may own; private are 64512–65534 and 4200000000–4294967294", n)
		return true
	default:
		return true
	}
	return false
}

func (c *checker) routerIDs(path string) {
	p := c.s.Cilium.BGP.RouterIDPool
	if !p.IsValid() {
		return
	}
	if !p.Addr().Is4() {
		c.errorf(path, "%s is IPv6; router ids have 32 bits, so give an IPv4 prefix", p)
		return
	}
	c.canonical(path, p)
	if room := 1<<(32-p.Bits()) - 2; room < len(c.s.Nodes) {
		c.errorf(path, "%s has %d ids for %s", p, max(room, 0), plural(len(c.s.Nodes), "node", "nodes"))
	}
}

// peer checks one router.
func (c *checker) peer(path string, p *BGPPeer) {
	local := c.s.Cilium.BGP.LocalASN
	if c.asn(path+".asn", p.ASN) && p.ASN == local {
		c.errorf(path+".asn", "%d is also cilium.bgp.localASN: within one AS a router does not pass routes on to other routers; give the nodes a number of their own", p.ASN)
	}
	c.nodeNames(path+".nodes", p.Nodes)
	speakers := c.s.Cilium.BGP.Nodes
	for i, name := range p.Nodes {
		if len(speakers) > 0 && !slices.Contains(speakers, name) {
			c.errorf(fmt.Sprintf("%s.nodes[%d]", path, i), "%s does not speak BGP (cilium.bgp.nodes)", name)
		}
	}
	if p.Address.IsValid() {
		c.place(path+".address", p.Address, ofPeer, "BGP peer "+p.Name)
		if c.hostAddress(path+".address", p.Address) {
			c.reachable(path+".address", p)
		}
	}
	c.peerFamilies(path, p)
	c.timers(path, p)
}

// timers holds a session's times against Cilium's and the protocol's bounds
// (https://github.com/cilium/cilium/blob/v1.19.4/pkg/k8s/apis/cilium.io/v2/bgp_peer_types.go).
func (c *checker) timers(path string, p *BGPPeer) {
	whole := func(key string, d Duration, low, high time.Duration) bool {
		switch {
		case d.Of()%time.Second != 0:
			c.errorf(path+"."+key, "%s is not whole seconds, in which BGP counts", d)
		case d.Of() < low || d.Of() > high:
			c.errorf(path+"."+key, "%s is outside %s–%s", d, Duration(low), Duration(high))
		default:
			return true
		}
		return false
	}
	keep := whole("keepAlive", p.KeepAlive, time.Second, 65535*time.Second)
	hold := whole("holdTime", p.HoldTime, 3*time.Second, 65535*time.Second)
	whole("connectRetry", p.ConnectRetry, time.Second, time.Hour)
	if p.GracefulRestart.Enabled {
		whole("gracefulRestart.restartTime", p.GracefulRestart.RestartTime, time.Second, 4095*time.Second)
	}
	switch {
	case !keep || !hold:
	case p.HoldTime < p.KeepAlive:
		c.errorf(path+".holdTime", "%s is shorter than keepAlive (%s): the session would end between two messages", p.HoldTime, p.KeepAlive)
	case p.HoldTime < 3*p.KeepAlive:
		c.warnf(path+".holdTime", "%s is less than three times keepAlive (%s): one lost packet can end the session (RFC 4271 10)", p.HoldTime, p.KeepAlive)
	}
}

package spec

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// bgp checks the nodes' side of BGP.
func (c *checker) bgp() {
	b := c.s.Cilium.BGP
	if b == nil {
		return
	}
	path := field.NewPath("cilium", "bgp")
	c.asn(path.Child("localASN"), b.LocalASN)
	c.nodeNames(path.Child("nodes"), b.Nodes)
	c.bgpAdvertise(path, b)
	c.bgpOverrides(path.Child("overrides"), b)
	c.routerIDs(path.Child("routerIDPool"))
	for _, t := range talosPorts {
		if t.port == b.LocalPort {
			c.errorf(path.Child("localPort"), "%d is the port of %s on every node", t.port, t.of)
		}
	}
	c.communities(path.Child("communities"), b.Communities)
	seen := map[string]int{}
	for i := range b.Peers {
		p := &b.Peers[i]
		at := path.Child("peers").Index(i)
		c.peer(at, p)
		if key := fmt.Sprintf("%s port %d", p.Address, p.Port); p.Address.IsValid() {
			if first, ok := seen[key]; ok {
				c.errorf(at.Child("address"), "%s is also %s: a node holds one session with a router", key, path.Child("peers").Index(first))
			}
			seen[key] = i
		}
	}
	c.carried()
}

// asn checks an autonomous system number (https://www.iana.org/assignments/as-numbers).
func (c *checker) asn(path *field.Path, n uint32) bool {
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

func (c *checker) routerIDs(path *field.Path) {
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

// longestOwnPeer is what "bgp-" leaves of the 63 characters of a label's value.
const longestOwnPeer = 63 - len("bgp-")

// peer checks one router.
func (c *checker) peer(path *field.Path, p *BGPPeer) {
	switch {
	case p.LearnASN && p.ASN != 0:
		c.errorf(path.Child("learnASN"), "asn (%d) says which number the router has: keep one of the two", p.ASN)
	case p.LearnASN && p.PasswordRef == "":
		c.warnf(path.Child("learnASN"), "whatever answers at this address is believed to be the router; give passwordRef too")
	case !p.LearnASN && p.ASN == 0 && !c.s.isSet(path.Child("asn")):
		c.errorf(path.Child("asn"), "the router's number is neither given nor learnt: write it, or learnASN: true to take the router's word for it")
	}
	if c.asn(path.Child("asn"), p.ASN) {
		c.sameAS(path, p)
	}
	c.communities(path.Child("communities"), p.Communities)
	if own := len(p.Advertise) > 0 || p.Communities != nil; own && len(p.Name) > longestOwnPeer && isLabel(p.Name) {
		c.errorf(path.Child("name"), "%q has %d characters, and the label that joins a peer to an advertisement of its own leaves room for %d", p.Name, len(p.Name), longestOwnPeer)
	}
	c.nodeNames(path.Child("nodes"), p.Nodes)
	speakers := c.s.Cilium.BGP.Nodes
	for i, name := range p.Nodes {
		if len(speakers) > 0 && !slices.Contains(speakers, name) {
			c.errorf(path.Child("nodes").Index(i), "%s does not speak BGP (cilium.bgp.nodes)", name)
		}
	}
	if p.Address.IsValid() {
		c.place(path.Child("address"), p.Address, ofPeer, "BGP peer "+p.Name)
		if c.hostAddress(path.Child("address"), p.Address) {
			c.reachable(path.Child("address"), p)
		}
	}
	c.peerFamilies(path, p)
	c.timers(path, p)
}

// sameAS finds nodes whose AS is the router's. A node with a number of its own is told of under overrides.
func (c *checker) sameAS(path *field.Path, p *BGPPeer) {
	b := c.s.Cilium.BGP
	for _, name := range c.s.PeerNodes(*p) {
		if b.ASNOf(name) != p.ASN {
			continue
		}
		if i := slices.IndexFunc(b.Overrides, func(o BGPOverride) bool { return o.Node == name && o.LocalASN != 0 }); i >= 0 {
			c.errorf(field.NewPath("cilium", "bgp", "overrides").Index(i).Child("localASN"), "%d is also the AS of %s (%s): within one AS a router does not pass routes on to other routers", p.ASN, path, p.Name)
			return
		}
		c.errorf(path.Child("asn"), "%d is also cilium.bgp.localASN: within one AS a router does not pass routes on to other routers; give the nodes a number of their own", p.ASN)
		return
	}
}

func (c *checker) communities(path *field.Path, list []Community) {
	marks := map[Community]int{}
	for i, m := range list {
		if first, ok := marks[m]; ok {
			c.errorf(path.Index(i), "%s is already communities[%d]", m, first)
		}
		marks[m] = i
	}
}

// timers holds a session's times against Cilium's and the protocol's bounds
// (https://github.com/cilium/cilium/blob/v1.19.4/pkg/k8s/apis/cilium.io/v2/bgp_peer_types.go).
func (c *checker) timers(path *field.Path, p *BGPPeer) {
	whole := func(at *field.Path, d Duration, low, high time.Duration) bool {
		switch {
		case d.Of()%time.Second != 0:
			c.errorf(at, "%s is not whole seconds, in which BGP counts", d)
		case d.Of() < low || d.Of() > high:
			c.errorf(at, "%s is outside %s–%s", d, Duration(low), Duration(high))
		default:
			return true
		}
		return false
	}
	keep := whole(path.Child("keepAlive"), p.KeepAlive, time.Second, 65535*time.Second)
	hold := whole(path.Child("holdTime"), p.HoldTime, 3*time.Second, 65535*time.Second)
	whole(path.Child("connectRetry"), p.ConnectRetry, time.Second, time.Hour)
	if p.GracefulRestart.Enabled {
		whole(path.Child("gracefulRestart", "restartTime"), p.GracefulRestart.RestartTime, time.Second, 4095*time.Second)
	}
	switch {
	case !keep || !hold:
	case p.HoldTime < p.KeepAlive:
		c.errorf(path.Child("holdTime"), "%s is shorter than keepAlive (%s): the session would end between two messages", p.HoldTime, p.KeepAlive)
	case p.HoldTime < 3*p.KeepAlive:
		c.warnf(path.Child("holdTime"), "%s is less than three times keepAlive (%s): one lost packet can end the session (RFC 4271 10)", p.HoldTime, p.KeepAlive)
	}
}

package bgp

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/home-ops/home-ops/spec"
)

// Plan is what the nodes and the routers agree on.
type Plan struct {
	// Cluster is the cluster's name. Names on the router begin with it, because
	// several clusters may share one.
	Cluster string
	// LocalASN is the nodes' autonomous system, except for those with one of their own.
	LocalASN uint32
	// LocalPort is where the nodes listen; zero when they only call.
	LocalPort int
	// Sessions are the router addresses that nodes peer with, in the order of the
	// stack file.
	Sessions []Session
	// Overrides are the nodes with an autonomous system or a router id of their own.
	Overrides []spec.BGPOverride
	// RouterIDPool gives the nodes their 32-bit router ids. It is invalid when all of
	// them have an IPv4 address, which serves.
	RouterIDPool netip.Prefix
}

// Session is the sessions of all nodes with one address of a router. It carries
// the routes of that address's family alone: a next hop of the other family
// would need RFC 8950, which few home routers speak.
type Session struct {
	spec.BGPPeer
	// Nodes are the nodes that peer, each with its address towards the router.
	Nodes []Neighbor
	// Tells is what the router is told of, and Marks are the marks of those routes. Own reports whether either is this
	// session's alone.
	Tells []spec.Advertisement
	Marks []spec.Community
	Own   bool
	// Announced are the networks that the nodes announce over it, without repetition.
	Announced []Announced
}

// Neighbor is a node as its router sees it.
type Neighbor struct {
	Name    string
	Address netip.Addr
	// ASN is its autonomous system.
	ASN uint32
}

// OneASN reports whether all nodes of a session are in one autonomous system.
func (s Session) OneASN() bool {
	return len(s.Nodes) > 0 && !slices.ContainsFunc(s.Nodes, func(n Neighbor) bool { return n.ASN != s.Nodes[0].ASN })
}

// Is6 reports whether the session runs over IPv6 and carries IPv6 routes.
func (s Session) Is6() bool { return s.Address.Is6() }

// Family is the session's address family as BGP configurations write it.
func (s Session) Family() string {
	if s.Is6() {
		return "ipv6"
	}
	return "ipv4"
}

// New plans the sessions of a stack. It is nil when the stack has no BGP. An
// error means a session that could never run, or addresses that no session
// would carry.
func New(stack *spec.Stack) (*Plan, error) {
	b := stack.Cilium.BGP
	if b == nil {
		return nil, nil
	}
	plan := &Plan{Cluster: stack.Cluster.Name, LocalASN: b.LocalASN, LocalPort: b.LocalPort, Overrides: b.Overrides}
	var errs []error
	for i, peer := range b.Peers {
		session := Session{
			BGPPeer: peer, Tells: b.AdvertisedTo(peer), Marks: b.CommunitiesTo(peer),
			Own: len(peer.Advertise) > 0 || peer.Communities != nil,
		}
		session.Announced = ofFamily(announced(stack, session.Tells), session.Is6())
		for _, name := range stack.PeerNodes(peer) {
			node, _ := stack.Node(name)
			address, ok := node.AddressTowards(peer.Address)
			if !ok {
				errs = append(errs, fmt.Errorf("cilium.bgp.peers[%d] (%s): node %s has no %s address to peer with %s from; "+
					"give it one in secondaryAddresses, or name the peer's nodes",
					i, peer.Name, name, familyName(session.Is6()), peer.Address))
				continue
			}
			session.Nodes = append(session.Nodes, Neighbor{Name: name, Address: address, ASN: b.ASNOf(name)})
			if _, has4 := node.AddressOf(false); !has4 && !b.Override(name).RouterID.IsValid() {
				plan.RouterIDPool = b.RouterIDPool
			}
		}
		plan.Sessions = append(plan.Sessions, session)
	}
	errs = append(errs, plan.uncarried(announced(stack, everything(plan.Sessions)))...)
	return plan, errors.Join(errs...)
}

// everything is what one router or another is told of.
func everything(sessions []Session) []spec.Advertisement {
	var kinds []spec.Advertisement
	for _, s := range sessions {
		for _, kind := range s.Tells {
			if !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
	}
	return kinds
}

// uncarried reports announced networks that no session has, each key in the stack file once.
func (p *Plan) uncarried(all []Announced) []error {
	var errs []error
	last := ""
	for _, a := range all {
		carried := slices.ContainsFunc(p.Sessions, func(s Session) bool { return slices.Contains(s.Announced, a) })
		if carried || a.Source == last {
			continue
		}
		last = a.Source
		six := a.Prefix.Addr().Is6()
		if slices.ContainsFunc(p.Sessions, func(s Session) bool { return s.Is6() == six }) {
			errs = append(errs, fmt.Errorf("%s: no peer in cilium.bgp with an %s address is told of these, so that they would never be announced; "+
				"add them to the peer's advertise", a.Source, familyName(six)))
			continue
		}
		errs = append(errs, fmt.Errorf("%s: no peer in cilium.bgp has an %s address, so that these would never be announced; "+
			"add the router's as a peer", a.Source, familyName(six)))
	}
	return errs
}

func familyName(six bool) string {
	if six {
		return "IPv6"
	}
	return "IPv4"
}

func ofFamily(all []Announced, six bool) []Announced {
	return slices.DeleteFunc(all, func(a Announced) bool { return a.Prefix.Addr().Is6() != six })
}

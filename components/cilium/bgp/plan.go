package bgp

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/home-ops/home-ops/spec"
)

// Plan is what the nodes and the routers agree on.
type Plan struct {
	// Cluster is the cluster's name. Names on the router begin with it, because
	// several clusters may share one.
	Cluster string
	// LocalASN is the nodes' autonomous system.
	LocalASN uint32
	// LocalPort is where the nodes listen; zero when they only call.
	LocalPort int
	// Sessions are the router addresses that nodes peer with, in the order of the
	// stack file.
	Sessions []Session
	// Announced are the networks that the nodes announce, without repetition.
	Announced []Announced
	// RouterIDPool gives the nodes their 32-bit router ids. It is invalid when all of
	// them have an IPv4 address, which serves.
	RouterIDPool netip.Prefix
}

// Session is the sessions of all nodes with one address of a router. It carries
// the routes of that address's family alone: a next hop of the other family
// would need RFC 8950, which few home routers speak.
type Session struct {
	spec.BGPPeer
	// Nodes are the nodes that peer, each with its address of the router's family.
	Nodes []Neighbor
}

// Neighbor is a node as its router sees it.
type Neighbor struct {
	Name    string
	Address netip.Addr
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
	plan := &Plan{Cluster: stack.Cluster.Name, LocalASN: b.LocalASN, LocalPort: b.LocalPort, Announced: announced(stack)}
	var errs []error
	for i, peer := range b.Peers {
		session := Session{BGPPeer: peer}
		for _, name := range stack.PeerNodes(peer) {
			node, _ := stack.Node(name)
			address, ok := node.AddressOf(peer.Address.Is6())
			if !ok {
				errs = append(errs, fmt.Errorf("cilium.bgp.peers[%d] (%s): node %s has no %s address to peer with %s from; "+
					"give it one in secondaryAddresses, or name the peer's nodes",
					i, peer.Name, name, familyName(session.Is6()), peer.Address))
				continue
			}
			session.Nodes = append(session.Nodes, Neighbor{Name: name, Address: address})
			if _, has4 := node.AddressOf(false); !has4 {
				plan.RouterIDPool = b.RouterIDPool
			}
		}
		plan.Sessions = append(plan.Sessions, session)
	}
	errs = append(errs, plan.uncarried()...)
	return plan, errors.Join(errs...)
}

// uncarried reports announced networks whose family no session has, each key in
// the stack file once.
func (p *Plan) uncarried() []error {
	var errs []error
	last := ""
	for _, a := range p.Announced {
		six := a.Prefix.Addr().Is6()
		if len(p.SessionsOf(six)) > 0 || a.Source == last {
			continue
		}
		last = a.Source
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

// SessionsOf lists the sessions of one address family.
func (p *Plan) SessionsOf(six bool) []Session {
	var out []Session
	for _, s := range p.Sessions {
		if s.Is6() == six {
			out = append(out, s)
		}
	}
	return out
}

// AnnouncedIn lists the announced networks of one address family.
func (p *Plan) AnnouncedIn(six bool) []Announced {
	var out []Announced
	for _, a := range p.Announced {
		if a.Prefix.Addr().Is6() == six {
			out = append(out, a)
		}
	}
	return out
}

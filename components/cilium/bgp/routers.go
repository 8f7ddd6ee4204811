package bgp

import "net/netip"

// Router is one machine that the nodes peer with.
type Router struct {
	// Name is the name of its first session.
	Name string
	// ASN is the router's autonomous system.
	ASN uint32
	// ID is the router's IPv4 address, or invalid when nodes reach it over IPv6 alone.
	ID netip.Addr
	// Sessions are the sessions with its addresses, at most one of each family.
	Sessions []Session
}

// Routers puts the sessions of one machine together. The stack file lists
// addresses, not machines: the n-th IPv4 and the n-th IPv6 address of one
// autonomous system are taken for the same router.
func (p *Plan) Routers() []Router {
	var routers []Router
	for _, s := range p.Sessions {
		if r := freeRouter(routers, s); r != nil {
			r.Sessions = append(r.Sessions, s)
			continue
		}
		routers = append(routers, Router{Name: s.Name, ASN: s.ASN, Sessions: []Session{s}})
	}
	for i := range routers {
		for _, s := range routers[i].Sessions {
			if !s.Is6() {
				routers[i].ID = s.Address
			}
		}
	}
	return routers
}

// freeRouter is the first router of the session's autonomous system that has no
// session of its family yet.
func freeRouter(routers []Router, s Session) *Router {
	for i := range routers {
		r := &routers[i]
		if r.ASN == s.ASN && len(r.Sessions) == 1 && r.Sessions[0].Is6() != s.Is6() {
			return r
		}
	}
	return nil
}

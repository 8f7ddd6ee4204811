package cloudflare

import (
	"fmt"
	"strings"
)

// tunnelDomain is below which every tunnel has a name that only Cloudflare's edge
// understands.
const tunnelDomain = ".cfargotunnel.com"

// Destination is where a visitor's request ends up.
type Destination struct {
	// Tunnel is the id of the tunnel that it goes through; empty for none.
	Tunnel string
	// Service is what the tunnel's connector asks, with Origin as the way to.
	Service string
	Origin  Origin
	// Address is the name or IP address that is asked where no tunnel is in the way.
	Address string
	// Proxied says that the request goes through Cloudflare.
	Proxied bool
}

// Route follows a visitor's https request: the name's record, from CNAME to CNAME inside the
// zone, to the tunnel that it leads to, and the tunnel's rule for it. Where a visitor would
// get an error, so does the caller.
func (s *Server) Route(host, path string) (Destination, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	z := s.zoneOf(host)
	if z == nil {
		return Destination{}, fmt.Errorf("%s: no zone has this name", host)
	}
	first, last, err := z.follow(host)
	if err != nil {
		return Destination{}, err
	}
	id, tunnelled := strings.CutSuffix(last.Content, tunnelDomain)
	switch {
	case !tunnelled:
		return Destination{Address: last.Content, Proxied: first.Proxied}, nil
	case !first.Proxied:
		return Destination{}, fmt.Errorf("%s: its record is not proxied, and leads to a tunnel: visitors find no address", host)
	case strings.Contains(strings.TrimSuffix(host, "."+z.Name), ".") && host != z.Name:
		return Destination{}, fmt.Errorf("%s: Cloudflare's certificate covers %s and *.%[2]s, and no deeper name", host, z.Name)
	}
	for _, t := range s.tunnels {
		if t.ID != id || t.deleted != nil || t.Account != z.Account {
			continue
		}
		rule, ok := t.configuration().rule(host, path)
		if !ok {
			return Destination{}, fmt.Errorf("%s: tunnel %s has no configuration", host, t.Name)
		}
		return Destination{Tunnel: t.ID, Service: rule.Service, Origin: rule.Origin, Proxied: true}, nil
	}
	return Destination{}, fmt.Errorf("%s: %s leads to a tunnel that does not exist: %s", host, last.Name, last.Content)
}

// zoneOf is the zone that a name is in.
func (s *Server) zoneOf(host string) (of *zone) {
	for _, z := range s.zones {
		if (host == z.Name || strings.HasSuffix(host, "."+z.Name)) && (of == nil || len(z.Name) > len(of.Name)) {
			of = z
		}
	}
	return of
}

// follow goes from a name to the record that leads out of the zone.
func (z *zone) follow(host string) (first, last *Record, err error) {
	seen := map[string]bool{}
	for name := host; ; name = last.Content {
		if seen[name] {
			return nil, nil, fmt.Errorf("%s: its CNAMEs go round in a circle at %s", host, name)
		}
		seen[name] = true
		next := z.lookup(name)
		if next == nil {
			if last != nil && name != z.Name && !strings.HasSuffix(name, "."+z.Name) {
				return first, last, nil
			}
			return nil, nil, fmt.Errorf("%s: zone %s has no record for %s", host, z.Name, name)
		}
		if first == nil {
			first = next
		}
		last = next
		if last.Type != "CNAME" {
			return first, last, nil
		}
	}
}

// lookup is a record that leads somewhere: that of the name, or of the nearest wildcard.
func (z *zone) lookup(name string) *Record {
	for candidate := name; ; {
		for _, r := range z.records {
			if r.Name == candidate && (r.Type == "A" || r.Type == "AAAA" || r.Type == "CNAME") {
				return r
			}
		}
		_, rest, more := strings.Cut(strings.TrimPrefix(candidate, "*."), ".")
		if !more {
			return nil
		}
		candidate = "*." + rest
	}
}

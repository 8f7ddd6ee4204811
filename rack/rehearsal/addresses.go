package rehearsal

import (
	"net/netip"
	"net/url"
	"slices"

	"github.com/home-ops/home-ops/spec"
)

// addressesOf lists every address that the stack file gives to a machine or a service, so that the room can have them.
func addressesOf(s *spec.Stack) []netip.Addr {
	var all []netip.Addr
	add := func(addresses ...netip.Addr) {
		for _, a := range addresses {
			if a.IsValid() && !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	for _, n := range s.Nodes {
		add(n.Addresses()...)
	}
	add(s.Network.VIP)
	add(s.Edge.Gateways.Internal...)
	add(s.Edge.Gateways.External...)
	add(s.Edge.Gateways.DNS...)
	if o := s.Secrets.OnePassword; o != nil {
		add(connectHost(o.ConnectHost))
	}
	return all
}

// hostsOf names the outside services, the nodes, the cluster endpoint where it is a name of the home's DNS, and the one Service
// that a program of the cluster looks for by its name.
func hostsOf(s *spec.Stack, services []string) map[string]netip.Addr {
	hosts := map[string]netip.Addr{}
	for _, name := range services {
		hosts[name] = outsideAddress.Addr()
	}
	for _, n := range s.Nodes {
		hosts[n.Name] = n.Address
	}
	if connect := connectServiceURL(s); connect != nil {
		hosts[connect.Hostname()] = connectServiceAddress
	}
	if endpoint, err := url.Parse(s.Cluster.Endpoint); err == nil && endpoint.Hostname() != "" {
		if _, err := netip.ParseAddr(endpoint.Hostname()); err != nil {
			// An outside load balancer is played by the first control plane.
			for _, n := range s.Nodes {
				if n.IsControlPlane() {
					hosts[endpoint.Hostname()] = n.Address
					break
				}
			}
		}
	}
	return hosts
}

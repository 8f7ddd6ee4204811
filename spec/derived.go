package spec

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
)

// APIPort is the port of the Kubernetes API on the control planes and the VIP.
const APIPort = "6443"

// ControlPlanes lists the control planes in the order of the stack file. The first is the one that is
// bootstrapped.
func (s *Stack) ControlPlanes() []Node { return s.nodesOf(RoleControlPlane) }

// Workers lists the workers in the order of the stack file.
func (s *Stack) Workers() []Node { return s.nodesOf(RoleWorker) }

func (s *Stack) nodesOf(r Role) []Node {
	var out []Node
	for _, n := range s.Nodes {
		if n.Role == r {
			out = append(out, n)
		}
	}
	return out
}

// Node returns the node of that name.
func (s *Stack) Node(name string) (Node, bool) {
	for _, n := range s.Nodes {
		if n.Name == name {
			return n, true
		}
	}
	return Node{}, false
}

// ClusterEndpoint is the URL of the Kubernetes API: cluster.endpoint when given, else that of the VIP, else
// that of the first control plane. It is empty when the stack has none of them.
func (s *Stack) ClusterEndpoint() string {
	switch cps := s.ControlPlanes(); {
	case s.Cluster.Endpoint != "":
		return s.Cluster.Endpoint
	case s.Network.VIP.IsValid():
		return "https://" + net.JoinHostPort(s.Network.VIP.String(), APIPort)
	case len(cps) > 0 && cps[0].Address.IsValid():
		return "https://" + net.JoinHostPort(cps[0].Address.String(), APIPort)
	default:
		return ""
	}
}

// ServiceAccountIssuer is what the tokens of pods name as their issuer: cluster.serviceAccountIssuer when given, else
// the endpoint.
func (s *Stack) ServiceAccountIssuer() string {
	return cmp.Or(s.Cluster.ServiceAccountIssuer, s.ClusterEndpoint())
}

// Schedulable reports whether ordinary pods may run on n.
func (s *Stack) Schedulable(n Node) bool {
	return !n.IsControlPlane() || s.Cluster.AllowSchedulingOnControlPlanes
}

// LoadBalancerNodes names the nodes that announce load-balancer addresses over L2 or BGP when the stack
// does not choose them: all that run workloads.
func (s *Stack) LoadBalancerNodes() []string {
	var out []string
	for _, n := range s.Nodes {
		if s.Schedulable(n) {
			out = append(out, n.Name)
		}
	}
	return out
}

// PeerNodes names the nodes that hold a session with p.
func (s *Stack) PeerNodes(p BGPPeer) []string {
	switch {
	case len(p.Nodes) > 0:
		return p.Nodes
	case s.Cilium.BGP != nil && len(s.Cilium.BGP.Nodes) > 0:
		return s.Cilium.BGP.Nodes
	default:
		return s.LoadBalancerNodes()
	}
}

// AddressTowards is the address from which the node speaks to another one: that of the link whose network holds it, else
// the node's first address of its family.
func (n Node) AddressTowards(to netip.Addr) (netip.Addr, bool) {
	for _, l := range n.ExtraLinks {
		for _, p := range l.Addresses {
			if p.IsValid() && p.Contains(to) && p.Addr() != to {
				return p.Addr(), true
			}
		}
	}
	return n.AddressOf(to.Is6())
}

// InterfacePrefixes are the node's addresses with the prefix lengths of their networks, as a machine
// configuration wants them. Addresses outside every node network are left out.
func (s *Stack) InterfacePrefixes(n Node) []netip.Prefix {
	var out []netip.Prefix
	for _, a := range n.Addresses() {
		if p, ok := s.Network.NodeNetworkOf(a); ok {
			out = append(out, netip.PrefixFrom(a, p.Bits()))
		}
	}
	return out
}

// DefaultGateways are the routers of the node's default routes: those in the networks of its addresses, and
// link-local ones.
func (s *Stack) DefaultGateways(n Node) []netip.Addr {
	var out []netip.Addr
	for _, g := range s.Network.Gateways {
		via, ok := s.Network.NodeNetworkOf(g)
		reachable := slices.ContainsFunc(n.Addresses(), func(a netip.Addr) bool {
			return ok && via.Contains(a) || g.IsLinkLocalUnicast() && g.Is6() == a.Is6()
		})
		if reachable {
			out = append(out, g)
		}
	}
	return out
}

// UserVolume returns the node's user volume of that name.
func (n Node) UserVolume(name string) (UserVolume, bool) {
	for _, v := range n.UserVolumes {
		if v.Name == name {
			return v, true
		}
	}
	return UserVolume{}, false
}

// Classes lists the storage classes that the storage offers, the preferred default first.
func (st Storage) Classes() []string {
	var out []string
	if c := st.RookCeph; c != nil {
		if c.Block.Enabled {
			out = append(out, "ceph-block")
		}
		if c.Filesystem.Enabled {
			out = append(out, "ceph-filesystem")
		}
		for _, p := range c.Pools {
			out = append(out, p.Class())
		}
	}
	if st.Longhorn != nil {
		out = append(out, "longhorn")
	}
	if z := st.ZFS; z != nil {
		for _, p := range z.Pools {
			if name := "zfs-" + p.Name; !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
	}
	return out
}

package spec

import "net/netip"

// Network is the networks that nodes, pods and services live in. Every prefix is canonical: no host bits.
type Network struct {
	// NodeCIDRs are the networks that the nodes' own addresses come from: one IPv4, one IPv6, or one of
	// each; more of one family only when nodes stand in different segments. The first is the primary family.
	NodeCIDRs []netip.Prefix `json:"nodeCIDRs" required:"true" min:"1" example:"[10.0.0.0/16]"`
	// PodCIDRs are the networks that pods get addresses from, one for each family, the primary first; each
	// node takes a block out of each. Default: 10.42.0.0/16 and fd00:42::/56, for the families of NodeCIDRs.
	PodCIDRs []netip.Prefix `json:"podCIDRs,omitempty" min:"1" max:"2" example:"[10.42.0.0/16]"`
	// ServiceCIDRs are the networks of service addresses, in the families and order of PodCIDRs. Default:
	// 10.43.0.0/16 and fd00:43::/112.
	ServiceCIDRs []netip.Prefix `json:"serviceCIDRs,omitempty" min:"1" max:"2" example:"[10.43.0.0/16]"`
	// NodeCIDRMaskSize4 is the length of the IPv4 pod block of each node. Default: 24, 254 pods a node.
	NodeCIDRMaskSize4 int `json:"nodeCIDRMaskSize4,omitempty" min:"16" max:"28"`
	// NodeCIDRMaskSize6 is the length of the IPv6 pod block of each node. Default: 64, which leaves a /56 room
	// for 256 nodes. Kubernetes allows at most 16 bits between the pod network and it.
	NodeCIDRMaskSize6 int `json:"nodeCIDRMaskSize6,omitempty" min:"48" max:"120"`

	// Gateways are the routers that carry the nodes' default routes: at most one in each of NodeCIDRs, or
	// a link-local IPv6 one. Default: the first address of each IPv4 network, where most routers sit; for
	// IPv6 none, because routers advertise themselves.
	Gateways []netip.Addr `json:"gateways,omitempty" example:"[10.0.0.1]"`
	// DNSServers are the resolvers that the nodes ask. Default: Cloudflare's 1.1.1.1 and 1.0.0.1 (their IPv6
	// twins in an IPv6-only network), which work while the home's own resolver is down.
	DNSServers []netip.Addr `json:"dnsServers,omitempty" max:"8" example:"[1.1.1.1, 1.0.0.1]"`
	// NTPServers are the time servers, by name or address. Default: time.cloudflare.com, as Talos. Name one by
	// address where DNS itself runs inside the cluster.
	NTPServers []string `json:"ntpServers,omitempty" example:"[time.cloudflare.com]"`
	// DHCPRanges are what the router hands out by itself. No static address, VIP or pool may lie in them.
	DHCPRanges []Range `json:"dhcpRanges,omitempty" example:"[10.0.0.100-10.0.0.200]"`
	// Reserved are further addresses that belong to others (access points, printers, other clusters).
	Reserved []Range `json:"reserved,omitempty" example:"[10.0.0.2-10.0.0.9]"`

	// VIP is the virtual address of the Kubernetes API, held by one of the control planes over ARP or
	// neighbour discovery: unused, and in the same network as all control planes. Leave it out with a single
	// control plane or an Endpoint of its own (https://www.talos.dev/latest/talos-guides/network/vip/).
	VIP netip.Addr `json:"vip,omitzero" example:"10.0.50.50"`
	// VLAN is the 802.1Q tag of the node network, when the switch ports of the nodes are trunks. Default: 0,
	// untagged. A node may differ.
	VLAN int `json:"vlan,omitempty" min:"0" max:"4094"`
	// KubeSpan joins nodes in several networks by WireGuard. Default: off.
	KubeSpan *KubeSpan `json:"kubeSpan,omitempty"`
	// MTU is the largest packet of the node network, the same on nodes and switches. Default: 1500; 9000 for
	// jumbo frames. All nodes of one network share it.
	MTU int `json:"mtu,omitempty" min:"1280" max:"9216"`
}

func (n *Network) defaults() {
	n.NodeCIDRMaskSize4, n.NodeCIDRMaskSize6 = 24, 64
	n.NTPServers = []string{"time.cloudflare.com"}
	n.MTU = 1500
}

// Primary4 reports whether IPv4 is the primary family of pods and services.
func (n Network) Primary4() bool { return len(n.PodCIDRs) > 0 && n.PodCIDRs[0].Addr().Is4() }

// DualStack reports whether pods get an address of both families.
func (n Network) DualStack() bool { return hasFamily(n.PodCIDRs, false) && hasFamily(n.PodCIDRs, true) }

// NodeCIDR4 is the first IPv4 node network.
func (n Network) NodeCIDR4() (netip.Prefix, bool) { return firstOf(n.NodeCIDRs, false) }

// NodeCIDR6 is the first IPv6 node network.
func (n Network) NodeCIDR6() (netip.Prefix, bool) { return firstOf(n.NodeCIDRs, true) }

// PodCIDR4 is the IPv4 pod network.
func (n Network) PodCIDR4() (netip.Prefix, bool) { return firstOf(n.PodCIDRs, false) }

// PodCIDR6 is the IPv6 pod network.
func (n Network) PodCIDR6() (netip.Prefix, bool) { return firstOf(n.PodCIDRs, true) }

// ServiceCIDR4 is the IPv4 service network.
func (n Network) ServiceCIDR4() (netip.Prefix, bool) { return firstOf(n.ServiceCIDRs, false) }

// ServiceCIDR6 is the IPv6 service network.
func (n Network) ServiceCIDR6() (netip.Prefix, bool) { return firstOf(n.ServiceCIDRs, true) }

// NodeNetworkOf is the node network that a lies in.
func (n Network) NodeNetworkOf(a netip.Addr) (netip.Prefix, bool) {
	for _, p := range n.NodeCIDRs {
		if p.Contains(a) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

func firstOf(ps []netip.Prefix, six bool) (netip.Prefix, bool) {
	for _, p := range ps {
		if p.IsValid() && p.Addr().Is6() == six {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

func hasFamily(ps []netip.Prefix, six bool) bool {
	_, ok := firstOf(ps, six)
	return ok
}

package spec

import (
	"net/netip"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// placed is one address that the plan gives to someone.
type placed struct {
	path *field.Path
	addr netip.Addr
	kind placedKind
	// who is the owner in words, for the other side of a clash.
	who string
}

type placedKind int

const (
	ofNode placedKind = iota
	ofDHCPNode
	ofLink
	ofVIP
	ofService
	ofRouter
	ofPeer
	ofResolver
)

// outside reports whether the address belongs to a machine beside the cluster: one router can well be
// gateway, BGP peer and resolver.
func (k placedKind) outside() bool { return k == ofRouter || k == ofPeer || k == ofResolver }

func (c *checker) place(path *field.Path, a netip.Addr, kind placedKind, who string) {
	if a.IsValid() {
		c.addresses = append(c.addresses, placed{path, a, kind, who})
	}
}

// nodeAddresses checks each node's own addresses against the node networks.
func (c *checker) nodeAddresses() {
	c.eachNode(func(path *field.Path, n *Node) {
		kind := ofNode
		if n.DHCP {
			kind = ofDHCPNode
		}
		c.place(path.Child("address"), n.Address, kind, n.Name)
		c.nodeAddress(path.Child("address"), n.Address)
		for i, a := range n.SecondaryAddresses {
			at := path.Child("secondaryAddresses").Index(i)
			c.place(at, a, kind, n.Name)
			c.nodeAddress(at, a)
			c.secondary(at, n, a, n.SecondaryAddresses[:i])
		}
		c.nodeFamilies(path, n)
	})
}

func (c *checker) nodeAddress(path *field.Path, a netip.Addr) {
	if !a.IsValid() || c.anyBad(nodeCIDRs) || len(c.s.Network.NodeCIDRs) == 0 {
		return
	}
	if !c.hostAddress(path, a) {
		return
	}
	p, ok := c.s.Network.NodeNetworkOf(a)
	if !ok {
		c.errorf(path, "%s is outside network.nodeCIDRs (%s)", a, listed(c.s.Network.NodeCIDRs))
		return
	}
	c.inPrefix(path, a, p)
}

// hostAddress refuses addresses that no machine can have on a network.
func (c *checker) hostAddress(path *field.Path, a netip.Addr) bool {
	var kind string
	switch {
	case a.IsUnspecified():
		kind = "the address of no one"
	case a.IsLoopback():
		kind = "loopback, which never leaves a machine"
	case a.IsMulticast():
		kind = "a multicast address"
	case a.IsLinkLocalUnicast():
		kind = "link-local, which each machine makes up for itself"
	case a.Is4() && (classE.Contains(a) || zeroNet.Contains(a)):
		kind = "reserved (RFC 6890)"
	default:
		return true
	}
	c.errorf(path, "%s is %s; give the address that the machine is reached at", a, kind)
	return false
}

// inPrefix refuses the addresses of a network that stand for the network itself.
func (c *checker) inPrefix(path *field.Path, a netip.Addr, p netip.Prefix) bool {
	p = p.Masked()
	if p.Addr().BitLen()-p.Bits() < 2 {
		return true
	}
	switch {
	case a == p.Addr() && a.Is4():
		c.errorf(path, "%s is the network address of %s, which no host can use", a, p)
	case a == p.Addr():
		c.errorf(path, "%s is the address of all routers of %s (RFC 4291 2.6.1), which no host can use", a, p)
	case a.Is4() && a == lastAddr(p):
		c.errorf(path, "%s is the broadcast address of %s, which no host can use", a, p)
	default:
		return true
	}
	return false
}

// secondary warns of two addresses in one network: the kubelet may report either as the node's.
func (c *checker) secondary(path *field.Path, n *Node, a netip.Addr, before []netip.Addr) {
	p, ok := c.s.Network.NodeNetworkOf(a)
	if !ok {
		return
	}
	for _, b := range append([]netip.Addr{n.Address}, before...) {
		if b.IsValid() && b != a && p.Contains(b) {
			c.warnf(path, "%s is a second address in %s beside %s: the kubelet may take either as the node's", a, p, b)
			return
		}
	}
}

// nodeFamilies checks that a node has an address of each family that its pods have.
func (c *checker) nodeFamilies(path *field.Path, n *Node) {
	if !n.Address.IsValid() || c.anyBad(path.Child("secondaryAddresses"), path, podCIDRs, serviceCIDRs) {
		return
	}
	for _, six := range families(c.s.Network.PodCIDRs) {
		if _, ok := n.AddressOf(six); !ok && !n.DHCP && hasFamily(c.s.Network.NodeCIDRs, six) {
			c.errorf(path, "%s has no %s address, but pods have (network.podCIDRs): add one to secondaryAddresses", n.Name, familyName(six))
		}
	}
	// https://github.com/kubernetes/kubernetes/blob/v1.34.1/cmd/kube-apiserver/app/options/validation.go
	services := families(c.s.Network.ServiceCIDRs)
	pods := families(c.s.Network.PodCIDRs)
	if n.IsControlPlane() && len(services) > 0 && len(pods) > 0 && pods[0] == services[0] && n.Address.Is6() != services[0] {
		c.errorf(path.Child("address"), "%s is %s, but services are %s first (network.serviceCIDRs[0]): the API server refuses to start unless its address is of their primary family", n.Address, familyName(n.Address.Is6()), familyName(services[0]))
	}
}

// vip checks the virtual address of the Kubernetes API.
func (c *checker) vip() {
	path := field.NewPath("network", "vip")
	v, cps := c.s.Network.VIP, c.s.ControlPlanes()
	if !v.IsValid() {
		if len(cps) > 1 && c.s.Cluster.Endpoint == "" {
			c.errorf(path, "is missing: %d control planes need one address that moves between them, or a cluster.endpoint that finds a live one", len(cps))
		}
		return
	}
	c.place(path, v, ofVIP, "the VIP")
	if !c.hostAddress(path, v) || c.anyBad(nodeCIDRs) || len(c.s.Network.NodeCIDRs) == 0 {
		return
	}
	p, ok := c.s.Network.NodeNetworkOf(v)
	if !ok {
		c.errorf(path, "%s is outside network.nodeCIDRs (%s): control planes announce it there, by ARP or neighbour discovery", v, listed(c.s.Network.NodeCIDRs))
		return
	}
	c.inPrefix(path, v, p)
	for _, n := range cps {
		if _, placed := c.s.Network.NodeNetworkOf(n.Address); placed && !slices.ContainsFunc(n.Addresses(), p.Contains) {
			c.errorf(path, "%s lies in %s, where control plane %s has no address: it could not take the VIP over", v, p, n.Name)
		}
	}
}

// routers checks the default gateways.
func (c *checker) routers() {
	n := c.s.Network
	if c.anyBad(nodeCIDRs, field.NewPath("network", "gateways")) {
		return
	}
	seen := map[netip.Prefix]netip.Addr{}
	misplaced := false
	for i, g := range n.Gateways {
		path := field.NewPath("network", "gateways").Index(i)
		if !g.IsValid() {
			continue
		}
		if g.Is6() && g.IsLinkLocalUnicast() {
			continue
		}
		c.place(path, g, ofRouter, "the router")
		if !c.hostAddress(path, g) {
			continue
		}
		p, ok := n.NodeNetworkOf(g)
		if !ok {
			c.errorf(path, "%s is outside network.nodeCIDRs (%s): nodes could not reach their router", g, listed(n.NodeCIDRs))
			misplaced = true
			continue
		}
		c.inPrefix(path, g, p)
		if other, ok := seen[p]; ok {
			c.errorf(path, "%s is a second router in %s beside %s; give one, and let routers share an address by VRRP", g, p, other)
		}
		seen[p] = g
	}
	for i, p := range n.NodeCIDRs {
		if _, ok := seen[p]; !ok && !misplaced && p.IsValid() && p.Addr().Is4() && c.staticNodesIn(p) {
			c.warnf(nodeCIDRs.Index(i), "%s has no router in network.gateways: its nodes cannot download anything", p)
		}
	}
}

func (c *checker) staticNodesIn(p netip.Prefix) bool {
	return slices.ContainsFunc(c.s.Nodes, func(n Node) bool { return !n.DHCP && slices.ContainsFunc(n.Addresses(), p.Contains) })
}

// resolvers checks the DNS and time servers.
func (c *checker) resolvers() {
	n := c.s.Network
	seen := map[netip.Addr]int{}
	for i, a := range n.DNSServers {
		path := field.NewPath("network", "dnsServers").Index(i)
		if !a.IsValid() {
			continue
		}
		c.place(path, a, ofResolver, "a DNS server")
		if first, ok := seen[a]; ok {
			c.errorf(path, "%s is already network.dnsServers[%d]", a, first)
		}
		seen[a] = i
		if c.hostAddress(path, a) && len(n.NodeCIDRs) > 0 && !c.anyBad(nodeCIDRs) && !hasFamily(n.NodeCIDRs, a.Is6()) {
			c.errorf(path, "%s is %s, which no node network is: nodes cannot reach it", a, familyName(a.Is6()))
		}
	}
	if len(n.DNSServers) > 3 {
		c.warnf(field.NewPath("network", "dnsServers"), "has %d servers; pods that use the node's resolvers ask the first three only", len(n.DNSServers))
	}
	if len(n.DNSServers) == 0 && !c.anyBad(field.NewPath("network", "dnsServers")) && c.s.isSet(field.NewPath("network", "dnsServers")) {
		c.errorf(field.NewPath("network", "dnsServers"), "is empty: nodes could not find any registry; leave it out for the default")
	}
	for i, name := range n.NTPServers {
		path := field.NewPath("network", "ntpServers").Index(i)
		if a, err := netip.ParseAddr(name); err == nil {
			c.hostAddress(path, a)
			c.place(path, a, ofResolver, "a time server")
		} else if !isDomain(name) {
			c.errorf(path, "%q is neither a host name nor an address", name)
		}
	}
}

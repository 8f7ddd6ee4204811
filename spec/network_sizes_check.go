package spec

import (
	"net/netip"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// prefixSizes checks that there is room: a pod block for each node and one to grow, and service networks
// that the API server accepts.
func (c *checker) prefixSizes() {
	n := c.s.Network
	for i, p := range n.NodeCIDRs {
		if p.IsValid() && p.Addr().BitLen()-p.Bits() < 2 {
			c.errorf(nodeCIDRs.Index(i), "%s has no room for a router and nodes", p)
		}
	}
	for i, p := range n.PodCIDRs {
		if p.IsValid() {
			c.podRoom(podCIDRs.Index(i), p)
		}
	}
	for i, p := range n.ServiceCIDRs {
		if p.IsValid() {
			c.serviceRoom(serviceCIDRs.Index(i), p)
		}
	}
}

// nodeBlocks is how many node blocks a pod network has.
func nodeBlocks(p netip.Prefix, mask int) int {
	if bits := mask - p.Bits(); bits >= 0 && bits < 31 {
		return 1 << bits
	}
	return 0
}

// maskOutOfBounds reports whether the shape rules refuse the mask already.
func maskOutOfBounds(six bool, mask int) bool {
	if six {
		return mask < 48 || mask > 120
	}
	return mask < 16 || mask > 28
}

func (c *checker) podRoom(path *field.Path, p netip.Prefix) {
	key, mask := "nodeCIDRMaskSize4", c.s.Network.NodeCIDRMaskSize4
	if p.Addr().Is6() {
		key, mask = "nodeCIDRMaskSize6", c.s.Network.NodeCIDRMaskSize6
	}
	nodes := len(c.s.Nodes)
	blocks := nodeBlocks(p, mask)
	switch {
	case maskOutOfBounds(p.Addr().Is6(), mask) || p.Bits() == 0:
	case mask < p.Bits():
		c.errorf(path, "%s is smaller than the block of one node (/%d, network.%s)", p, mask, key)
	// https://github.com/kubernetes/kubernetes/blob/v1.34.1/pkg/controller/nodeipam/ipam/cidrset/cidr_set.go
	case mask-p.Bits() > 16:
		c.errorf(path, "%s is too large for node blocks of /%d: Kubernetes allows 16 bits between them; use /%d or smaller, or set network.%s", p, mask, mask-16, key)
	case blocks < nodes:
		c.errorf(path, "%s has %s of /%d (network.%s) for %s", p, plural(blocks, "block", "blocks"), mask, key, plural(nodes, "node", "nodes"))
	case blocks == nodes && nodes > 1:
		c.warnf(path, "%s has exactly as many blocks of /%d as there are nodes: none can be added, nor replaced by one of another name", p, mask)
	}
	if p.Addr().Is6() || maskOutOfBounds(false, mask) {
		return
	}
	c.eachNode(func(at *field.Path, n *Node) {
		// Cilium keeps the first and last address, and one each for the host, health checks and gateways.
		if room := 1<<(32-mask) - 5; n.MaxPods > room {
			c.warnf(at.Child("maxPods"), "%d pods do not fit into a node's /%d of %s (network.%s), which has addresses for %d", n.MaxPods, mask, p, key, room)
		}
	})
}

// serviceRoom holds a service network against the API server's limits
// (https://github.com/kubernetes/kubernetes/blob/v1.34.1/cmd/kube-apiserver/app/options/validation.go).
func (c *checker) serviceRoom(path *field.Path, p netip.Prefix) {
	bits := p.Addr().BitLen()
	switch {
	case bits-p.Bits() > 20:
		c.errorf(path, "%s is larger than the API server accepts: /%d at most", p, bits-20)
	case bits-p.Bits() < 4:
		c.errorf(path, "%s is too small: the cluster's DNS takes the tenth address, so /%d at least", p, bits-4)
	case bits-p.Bits() < 8:
		c.warnf(path, "%s has room for %d services only, and cannot be changed later", p, 1<<(bits-p.Bits())-2)
	}
}

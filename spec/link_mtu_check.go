package spec

import (
	"net/netip"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// mtus checks that the nodes of one network send packets of one size.
func (c *checker) mtus() {
	type use struct {
		path *field.Path
		mtu  int
	}
	nodeNets, linkNets := map[netip.Prefix]use{}, map[netip.Prefix]use{}
	agree := func(seen map[netip.Prefix]use, net netip.Prefix, path *field.Path, mtu int) {
		first, ok := seen[net]
		if ok && first.mtu != mtu {
			c.errorf(path, "%d differs from the %d of %s in the same network (%s): larger packets would vanish between them", mtu, first.mtu, first.path, net)
		} else if !ok {
			seen[net] = use{path, mtu}
		}
	}
	c.eachNode(func(path *field.Path, n *Node) {
		if net, ok := c.s.Network.NodeNetworkOf(n.Address); ok {
			agree(nodeNets, net, path.Child("mtu"), n.MTU)
		}
		for i, l := range n.ExtraLinks {
			for _, p := range l.Addresses {
				if p.IsValid() {
					agree(linkNets, p.Masked(), path.Child("extraLinks").Index(i).Child("mtu"), l.MTU)
				}
			}
		}
	})
	c.podMTU()
	if m := c.s.Cilium.MTU; m > 0 && len(c.s.Nodes) > 0 {
		for _, n := range c.s.Nodes {
			if m > n.MTU {
				c.errorf(field.NewPath("cilium", "mtu"), "%d is larger than the %d of node %s: pods' packets would not fit", m, n.MTU, n.Name)
				break
			}
		}
	}
}

// podMTU checks that what tunnels and encryption leave of each packet is enough for IPv6, which has a least
// size (RFC 8200 5). The overheads are those that Cilium takes off
// (https://docs.cilium.io/en/stable/network/concepts/routing/).
func (c *checker) podMTU() {
	if !hasFamily(c.s.Network.PodCIDRs, true) || c.s.Network.MTU < 1280 {
		return
	}
	overhead := 0
	if c.s.Cilium.Routing == RoutingTunnel {
		overhead += 50
	}
	if c.s.Cilium.Encryption.Type == EncryptionWireGuard {
		overhead += 80
	}
	if left := c.s.Network.MTU - overhead; left < 1280 {
		c.errorf(field.NewPath("network", "mtu"), "%d leaves pods %d after tunnel and encryption, and IPv6 needs 1280: make it %d at least", c.s.Network.MTU, left, 1280+overhead)
	}
}

// vlans checks that tagged nodes of one network use one tag. An untagged node stands on an access port.
func (c *checker) vlans() {
	type use struct {
		path *field.Path
		tag  int
	}
	seen := map[netip.Prefix]use{}
	c.eachNode(func(path *field.Path, n *Node) {
		net, ok := c.s.Network.NodeNetworkOf(n.Address)
		if !ok || n.VLAN == 0 {
			return
		}
		first, ok := seen[net]
		if ok && first.tag != n.VLAN {
			c.errorf(path.Child("vlan"), "%d differs from the %d of %s in the same network (%s)", n.VLAN, first.tag, first.path, net)
		} else if !ok {
			seen[net] = use{path, n.VLAN}
		}
	})
}

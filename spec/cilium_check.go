package spec

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ciliumOptions checks the settings of Cilium that depend on each other.
func (c *checker) ciliumOptions() {
	ci := c.s.Cilium
	switch {
	case ci.Routing == RoutingTunnel && ci.LoadBalancerMode == LoadBalancerDSR && ci.TunnelProtocol == TunnelVXLAN:
		c.errorf(field.NewPath("cilium", "loadBalancerMode"), "dsr does not work over vxlan: set tunnelProtocol: geneve, or loadBalancerMode: snat (https://docs.cilium.io/en/stable/network/kubernetes/kubeproxy-free/#dsr-mode)")
	case ci.Routing == RoutingNative && ci.TunnelProtocol != "":
		c.errorf(field.NewPath("cilium", "tunnelProtocol"), "has no effect with native routing; remove it, or set routing: tunnel")
	case ci.Routing == RoutingNative && c.s.nodesSpanNetworks() && !c.podsAnnounced():
		c.errorf(field.NewPath("cilium", "routing"), "native needs all nodes in one network, and network.nodeCIDRs has several: set routing: tunnel, or let cilium.bgp advertise pods")
	}
	if ci.Hubble.Relay && !ci.Hubble.Enabled {
		c.errorf(field.NewPath("cilium", "hubble", "relay"), "is on, but hubble.enabled is false")
	}
	if ci.Hubble.UI && !ci.Hubble.Relay {
		c.errorf(field.NewPath("cilium", "hubble", "ui"), "is on, but hubble.relay, which it asks, is false")
	}
	if ci.Encryption.Nodes && ci.Encryption.Type != EncryptionWireGuard {
		c.errorf(field.NewPath("cilium", "encryption", "nodes"), "is on, but encryption.type is %s; set wireguard", ci.Encryption.Type)
	}
}

func (c *checker) podsAnnounced() bool {
	b := c.s.Cilium.BGP
	return b != nil && slices.Contains(b.Advertise, AdvertisePods)
}

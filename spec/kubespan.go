package spec

import (
	"net/netip"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// KubeSpan joins nodes in several networks by WireGuard, whatever routers and address translation lie between
// (https://www.talos.dev/latest/talos-guides/network/kubespan/). Nodes find each other through cluster.discovery.
type KubeSpan struct {
	// AdvertiseKubernetesNetworks also sends pods' packets through it. Default: false, because Cilium carries them.
	AdvertiseKubernetesNetworks bool `json:"advertiseKubernetesNetworks,omitempty"`
	// AllowDownPeerBypass sends packets past it, in the clear, while a peer cannot be reached. Default: false.
	AllowDownPeerBypass bool `json:"allowDownPeerBypass,omitempty"`
	// MTU is the largest packet inside. Default: network.mtu less the 80 bytes that WireGuard adds over IPv6.
	MTU int `json:"mtu,omitempty" min:"1280" max:"9136"`
	// Endpoints are the networks whose addresses peers may be reached at. Default: all.
	Endpoints []netip.Prefix `json:"endpoints,omitempty" example:"[10.0.0.0/16]"`
}

// wireGuardOverhead is what WireGuard adds to a packet over IPv6 (https://lists.zx2c4.com/pipermail/wireguard/2017-December/002201.html).
const wireGuardOverhead = 80

// kubeSpan checks KubeSpan against the networks that it joins.
func (c *checker) kubeSpan() {
	k := c.s.Network.KubeSpan
	if k == nil {
		return
	}
	path := field.NewPath("network", "kubeSpan")
	if !c.s.Cluster.Discovery.Enabled {
		c.errorf(path, "wants cluster.discovery.enabled: its peers find each other through it")
	}
	if room := c.s.Network.MTU - wireGuardOverhead; k.MTU > room && c.s.Network.MTU >= 1280 {
		c.errorf(path.Child("mtu"), "%d is larger than the %d that network.mtu (%d) leaves after WireGuard's own %d bytes", k.MTU, room, c.s.Network.MTU, wireGuardOverhead)
	}
	if c.s.Cilium.Encryption.Type == EncryptionWireGuard {
		c.warnf(path, "encrypts between nodes what cilium.encryption encrypts already: each packet is encrypted twice")
	}
	if k.AdvertiseKubernetesNetworks && c.s.Cilium.Routing == RoutingTunnel {
		c.errorf(path.Child("advertiseKubernetesNetworks"), "sends pods' packets one way and cilium.routing tunnel another: turn one of them off")
	}
}

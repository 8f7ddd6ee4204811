package machineconfig

import (
	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"

	"github.com/home-ops/home-ops/spec"
)

// kubeSpanOverhead is what WireGuard adds to a packet over IPv6, which Talos does
// not take off by itself
// (https://www.talos.dev/latest/talos-guides/network/kubespan/).
const kubeSpanOverhead = 80

// kubeSpan is the WireGuard network between the nodes; nil without one.
func kubeSpan(network spec.Network) *v1alpha1.NetworkKubeSpan {
	wanted := network.KubeSpan
	if wanted == nil {
		return nil
	}
	mtu := wanted.MTU
	if mtu == 0 {
		mtu = network.MTU - kubeSpanOverhead
	}
	config := &v1alpha1.NetworkKubeSpan{
		KubeSpanEnabled:                     pointer.To(true),
		KubeSpanAdvertiseKubernetesNetworks: pointer.To(wanted.AdvertiseKubernetesNetworks),
		KubeSpanAllowDownPeerBypass:         pointer.To(wanted.AllowDownPeerBypass),
		KubeSpanMTU:                         pointer.To(uint32(mtu)),
	}
	if len(wanted.Endpoints) > 0 {
		config.KubeSpanFilters = &v1alpha1.KubeSpanFilters{KubeSpanFiltersEndpoints: texts(wanted.Endpoints)}
	}
	return config
}

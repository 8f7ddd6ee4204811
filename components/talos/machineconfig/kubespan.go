package machineconfig

import (
	"cmp"

	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config/types/network"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
)

// kubeSpanOverhead is what WireGuard adds to a packet over IPv6, which Talos does
// not take off by itself
// (https://www.talos.dev/latest/talos-guides/network/kubespan/).
const kubeSpanOverhead = 80

// kubeSpan writes the WireGuard network between the nodes, where there is one: in a
// document of its own from contract v1.13 on.
func (c *configuration) kubeSpan() {
	wanted := c.stack.Network.KubeSpan
	if wanted == nil {
		return
	}
	mtu := uint32(cmp.Or(wanted.MTU, c.stack.Network.MTU-kubeSpanOverhead))
	if c.contract.KubeSpanMultidocConfig() {
		document := network.NewKubeSpanV1Alpha1()
		document.ConfigEnabled = pointer.To(true)
		document.ConfigAdvertiseKubernetesNetworks = pointer.To(wanted.AdvertiseKubernetesNetworks)
		document.ConfigAllowDownPeerBypass = pointer.To(wanted.AllowDownPeerBypass)
		document.ConfigMTU = pointer.To(mtu)
		if len(wanted.Endpoints) > 0 {
			document.ConfigFilters = &network.KubeSpanFiltersConfig{ConfigEndpoints: texts(wanted.Endpoints)}
		}
		c.add(document)
		return
	}
	section := &v1alpha1.NetworkKubeSpan{
		KubeSpanEnabled:                     pointer.To(true),
		KubeSpanAdvertiseKubernetesNetworks: pointer.To(wanted.AdvertiseKubernetesNetworks),
		KubeSpanAllowDownPeerBypass:         pointer.To(wanted.AllowDownPeerBypass),
		KubeSpanMTU:                         pointer.To(mtu),
	}
	if len(wanted.Endpoints) > 0 {
		section.KubeSpanFilters = &v1alpha1.KubeSpanFilters{KubeSpanFiltersEndpoints: texts(wanted.Endpoints)}
	}
	c.main.MachineConfig.MachineNetwork.NetworkKubeSpan = section
}

package machineconfig

import (
	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"

	"github.com/home-ops/home-ops/spec"
)

// describedCard selects a card by what it is. Bonds, bridges and VLANs show their
// cards' properties too, so that only real ones count.
func describedCard(card spec.CardSelector) *v1alpha1.NetworkDeviceSelector {
	return &v1alpha1.NetworkDeviceSelector{
		NetworkDeviceBus:              card.BusPath,
		NetworkDevicePermanentAddress: string(card.MACPrefix),
		NetworkDevicePCIID:            card.PCIID,
		NetworkDeviceKernelDriver:     card.Driver,
		NetworkDevicePhysical:         pointer.To(true),
	}
}

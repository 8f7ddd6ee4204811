package kube

import (
	"fmt"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"

	"github.com/home-ops/home-ops/rack/kube/internal/configtest"
)

func TestVirtualAddresses_OfLinksBondsAndVLANsOfBothFamilies(t *testing.T) {
	ignored := true
	shared := func(ip string) *v1alpha1.DeviceVIPConfig { return &v1alpha1.DeviceVIPConfig{SharedIP: ip} }
	cfg := configtest.New(t, "https://10.0.50.10:6443").Config(t, machine.TypeControlPlane, func(c *v1alpha1.Config) {
		c.ClusterConfig.ControlPlane.LocalAPIServerPort = 7443
		c.MachineConfig.MachineNetwork = &v1alpha1.NetworkConfig{NetworkInterfaces: v1alpha1.NetworkDeviceList{
			{DeviceInterface: "eth0", DeviceVIPConfig: shared("10.0.50.10")},
			{DeviceInterface: "bond0", DeviceVIPConfig: shared("fd00:50::10"), DeviceVlans: v1alpha1.VlanList{
				{VlanID: 60, VlanVIP: shared("10.0.60.10")}, {VlanID: 61, VlanVIP: shared("10.0.50.10")},
			}},
			{DeviceInterface: "eth9", DeviceIgnore: &ignored, DeviceVIPConfig: shared("10.0.90.10")},
		}}
	})
	if got, want := fmt.Sprint(virtualAddresses(cfg)), "[10.0.50.10:7443 10.0.60.10:7443 [fd00:50::10]:7443]"; got != want {
		t.Errorf("addresses = %s, want %s", got, want)
	}
}

func TestNewFabric_SaysWhatIsMissing(t *testing.T) {
	_, err := NewFabric(Options{Binary: "/nowhere/rack-kube", CNISelector: "a=b=c"})
	const want = `kubernetes: binary: "/nowhere/rack-kube" is not there; build ./cmd/rack-kube
dir must be set
cniSelector: found '=', expected: ',' or 'end of string'`
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

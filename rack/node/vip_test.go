package node_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cosi-project/runtime/pkg/safe"
	machineapi "github.com/siderolabs/talos/pkg/machinery/api/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	networkres "github.com/siderolabs/talos/pkg/machinery/resources/network"

	"github.com/home-ops/home-ops/rack/node"
)

func TestAddressStatus_ShowsAVIPForAsLongAsItLeadsHere(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	n.await(t, node.Maintenance)
	c := newCluster(t, n.address)
	leased, vip := true, netip.MustParseAddr("10.0.50.10")
	with := func(cfg *v1alpha1.Config) {
		cfg.MachineConfig.MachineNetwork = &v1alpha1.NetworkConfig{NetworkInterfaces: v1alpha1.NetworkDeviceList{
			{DeviceInterface: "eth0", DeviceDHCP: &leased, DeviceVIPConfig: &v1alpha1.DeviceVIPConfig{SharedIP: vip.String()}},
		}}
	}
	apply(t, n.insecure(t), c.config(t, machine.TypeControlPlane, with))
	n.await(t, node.Running)
	admin := n.admin(t, c)
	shows := func(want string) {
		t.Helper()
		var got []string
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			list, err := safe.StateListAll[*networkres.AddressStatus](t.Context(), admin.COSI)
			if err != nil {
				t.Fatal(err)
			}
			got = nil
			for status := range list.All() {
				got = append(got, status.Metadata().ID())
			}
			if strings.Join(got, " ") == want {
				return
			}
		}
		t.Fatalf("addresses %v, want %s", got, want)
	}
	own := fmt.Sprintf("eth0/%s/16", n.address)
	shows(own)
	n.kube.has(vip)
	shows("eth0/10.0.50.10/32 " + own)
	// Without it in the config, the machine has it until it is given up.
	if _, err := admin.ApplyConfiguration(t.Context(), &machineapi.ApplyConfigurationRequest{
		Data: c.config(t, machine.TypeControlPlane, func(cfg *v1alpha1.Config) {
			cfg.MachineConfig.MachineNetwork = &v1alpha1.NetworkConfig{NetworkHostname: "cp-9"}
		}), Mode: machineapi.ApplyConfigurationRequest_NO_REBOOT,
	}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); n.kube.name() != "cp-9" && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
	}
	shows("eth0/10.0.50.10/32 " + own)
	n.kube.has()
	shows(own)
}

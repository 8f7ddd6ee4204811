package roll

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func loaded(t *testing.T, raw []byte) config.Provider {
	t.Helper()
	cfg, err := configloader.NewFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestWithoutVIPs_TakesNothingElseUnderEveryContract(t *testing.T) {
	for _, contract := range []spec.Version{"v1.11", "v1.14"} {
		stack := spectest.Home(t)
		stack.Cluster.TalosVersion, stack.Cluster.TalosContract = "v1.14.1", contract
		raw, err := machineconfig.Build(stack, stack.ControlPlanes()[0], machineconfig.Placeholder(stack))
		if err != nil {
			t.Fatal(err)
		}
		without, vips, err := withoutVIPs(loaded(t, raw))
		if err != nil || fmt.Sprint(vips) != fmt.Sprintf("[%s]", stack.Network.VIP) {
			t.Fatalf("contract %s: VIPs %v, %v", contract, vips, err)
		}
		// The address is in certificates, too.
		kept, was := strings.Split(string(without), "\n"), strings.Split(string(raw), "\n")
		gone := slices.DeleteFunc(was, func(line string) bool { return slices.Contains(kept, line) })
		if len(gone) != 2 || strings.TrimSpace(gone[0]) != "vip:" || strings.TrimSpace(gone[1]) != "ip: "+stack.Network.VIP.String() {
			t.Errorf("contract %s: gone are %q", contract, gone)
		}
		if again, vips, err := withoutVIPs(loaded(t, without)); err != nil || len(vips) > 0 || string(again) != string(without) {
			t.Errorf("contract %s: a second time: VIPs %v, %v", contract, vips, err)
		}
	}
}

func TestWithoutVIPs_FindsThoseOfVLANsAndInDocumentsOfTheirOwn(t *testing.T) {
	const text = `version: v1alpha1
machine:
  type: controlplane
  network:
    interfaces:
      - interface: bond0
        vlans: [{ vlanId: 60, vip: { ip: 10.0.60.10 } }]
---
apiVersion: v1alpha1
kind: Layer2VIPConfig
name: fd00:50::10
link: eth0
---
apiVersion: v1alpha1
kind: HostnameConfig
hostname: cp-1
`
	without, vips, err := withoutVIPs(loaded(t, []byte(text)))
	if err != nil || fmt.Sprint(vips) != "[10.0.60.10 fd00:50::10]" {
		t.Errorf("VIPs %v, %v", vips, err)
	}
	if left := string(without); strings.Contains(left, "10.0.60.10") || strings.Contains(left, "Layer2VIP") || !strings.Contains(left, "hostname: cp-1") || !strings.Contains(left, "vlanId: 60") {
		t.Errorf("without them it is\n%s", left)
	}
}

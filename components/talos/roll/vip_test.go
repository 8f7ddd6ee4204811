package roll

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config/configloader"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestWithoutVIPs_TakesNothingElseUnderEveryContract(t *testing.T) {
	for _, contract := range []spec.Version{"v1.11", "v1.14"} {
		stack := spectest.Home(t)
		stack.Cluster.TalosVersion, stack.Cluster.TalosContract = "v1.14.1", contract
		raw, err := machineconfig.Build(stack, stack.ControlPlanes()[0], machineconfig.Placeholder(stack))
		if err != nil {
			t.Fatal(err)
		}
		without, vips, err := withoutVIPs(raw)
		if err != nil || fmt.Sprint(vips) != fmt.Sprintf("[%s]", stack.Network.VIP) {
			t.Fatalf("contract %s: VIPs %v, %v", contract, vips, err)
		}
		// The address is in certificates, too.
		kept, was := strings.Split(string(without), "\n"), strings.Split(string(raw), "\n")
		gone := slices.DeleteFunc(was, func(line string) bool { return slices.Contains(kept, line) })
		if len(gone) != 2 || strings.TrimSpace(gone[0]) != "vip:" || strings.TrimSpace(gone[1]) != "ip: "+stack.Network.VIP.String() {
			t.Errorf("contract %s: gone are %q", contract, gone)
		}
		if _, err := configloader.NewFromBytes(without); err != nil {
			t.Error(err)
		}
		if again, vips, err := withoutVIPs(without); err != nil || len(vips) > 0 || string(again) != string(without) {
			t.Errorf("contract %s: a second time: VIPs %v, %v", contract, vips, err)
		}
	}
}

func TestWithoutVIPs_FindsThoseOfVLANsAndInDocumentsOfTheirOwn(t *testing.T) {
	const config = `version: v1alpha1
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
	without, vips, err := withoutVIPs([]byte(config))
	if err != nil || fmt.Sprint(vips) != "[10.0.60.10 fd00:50::10]" {
		t.Errorf("VIPs %v, %v", vips, err)
	}
	if text := string(without); strings.Contains(text, "10.0.60.10") || strings.Contains(text, "Layer2VIP") || !strings.Contains(text, "hostname: cp-1") || !strings.Contains(text, "vlanId: 60") {
		t.Errorf("without them it is\n%s", text)
	}
}

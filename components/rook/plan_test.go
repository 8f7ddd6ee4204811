package rook_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/home-ops/home-ops/components/rook"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestPlan_MatchesTheGoldens(t *testing.T) {
	for _, stack := range append(withCeph(t), pools(t)) {
		t.Run(stack.Name, func(t *testing.T) {
			golden.Plan(t, "plan/"+stack.Name+".yaml", planned(t, stack))
		})
	}
}

func TestPlan_IsEmptyWithoutCeph(t *testing.T) {
	if steps := planned(t, spectest.Lab(t)); len(steps) > 0 {
		t.Errorf("the lab has no Ceph, and %d steps", len(steps))
	}
}

func TestPlan_MakesTheKindsOfStorageThatAreOn(t *testing.T) {
	stack := everything(t)
	ceph := stack.Storage.RookCeph
	ceph.Block.Enabled, ceph.ObjectStore.Enabled = false, false
	var names []string
	for _, step := range planned(t, stack) {
		names = append(names, step.Name)
	}
	want := []string{
		"namespace", "policy-ceph", "operator", "csi-drivers", "cluster", "pool-mgr", "filesystem", "filesystem-volumes", "class-filesystem",
	}
	if !slices.Equal(names, want) {
		t.Errorf("steps %v, want %v", names, want)
	}
}

func TestPlan_RefusesWhatRookCouldNotDo(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*spec.Stack)
		want   string
	}{
		"a node that is not there": {
			func(s *spec.Stack) { s.Storage.RookCeph.Nodes[1].Name = "k9" },
			`storage.rookCeph.nodes[1].name: no node is called "k9"`,
		},
		"disks that no link tells apart": {func(s *spec.Stack) {
			s.Storage.RookCeph.Nodes[0].Disks[1] = spec.DiskSelector{Serial: "7"}
			s.Storage.RookCeph.Nodes[2].Disks[0] = spec.DiskSelector{WWID: "t10.ATA     X"}
		}, `storage.rookCeph.nodes[0].disks[1].serial: "7" cannot be told from the number of an NVMe namespace, ` +
			"which stands last in the links of other disks: name the disk by wwid, or by its path below /dev/disk/by-id\n" +
			`storage.rookCeph.nodes[2].disks[0].wwid: no link below /dev/disk/by-id carries "t10.ATA     X": ` +
			"name the disk by serial, or by its path there"},
		"a partition to encrypt": {func(s *spec.Stack) {
			s.Storage.RookCeph.Nodes[2].Disks[0].Path = "/dev/disk/by-id/ata-WDC_WD40EFRX_WD-WCC4E1-part3"
		}, "storage.rookCeph.nodes[2].disks[0].path: /dev/disk/by-id/ata-WDC_WD40EFRX_WD-WCC4E1-part3 is a partition, " +
			"and Rook encrypts whole disks: give the disk, or turn encrypted off"},
		"networks of two families": {func(s *spec.Stack) {
			s.Storage.RookCeph.ClusterNetwork = netip.MustParsePrefix("fd00:6::/64")
		}, "storage.rookCeph.clusterNetwork: fd00:6::/64 is not IPv4, as Ceph's traffic with its clients is, " +
			"and Ceph speaks one family"},
	} {
		t.Run(name, func(t *testing.T) {
			stack := everything(t)
			test.change(stack)
			if _, err := rook.Plan(stack); err == nil || err.Error() != test.want {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

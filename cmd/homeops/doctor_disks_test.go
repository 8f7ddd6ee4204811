package main

import (
	"errors"
	"net/netip"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestPatternChecks_ShowWhatCephTakes(t *testing.T) {
	stack := spectest.Load(t, "../../spec/testdata/valid/ceph-disks-by-pattern.yaml")
	node := stack.Nodes[0]
	const link = "/dev/disk/by-id/nvme-Samsung_SSD_990_PRO_2TB_"
	disk := func(path, serial string, links ...string) discover.Disk {
		return discover.Disk{Path: path, Model: "Samsung SSD 990 PRO 2TB", Serial: serial, Links: links}
	}
	others := []discover.Disk{disk("/dev/sda", "AAA111", "/dev/disk/by-id/ata-KINGSTON_AAA111"), disk("/dev/nvme9n1p1", "S9", link+"S9-part1")}
	for name, test := range map[string]struct {
		disks []discover.Disk
		err   error
		want  string
	}{
		"two disks": {
			append(slices.Clone(others), disk("/dev/nvme0n1", "S1", link+"S1"), disk("/dev/nvme1n1", "S2", "/dev/disk/by-path/x", link+"S2")), nil,
			"ok " + link + "* matches /dev/nvme0n1 (Samsung SSD 990 PRO 2TB, serial S1), /dev/nvme1n1 (Samsung SSD 990 PRO 2TB, serial S2)",
		},
		"no disk": {others, nil, "warning " + link + "* matches none of 2 disks"},
		"the install disk": {
			[]discover.Disk{disk("/dev/nvme0n1", "AAA111", link+"AAA111")},
			nil,
			"problem " + link + "* matches the install disk /dev/nvme0n1 (Samsung SSD 990 PRO 2TB, serial AAA111)",
		},
		"a machine that does not tell": {nil, errors.New("no route"), "warning what " + link + "* matches is not known: no route"},
	} {
		t.Run(name, func(t *testing.T) {
			checks := patternChecks(node, patternsOf(stack, node), test.disks, test.err)
			if len(checks) != 1 {
				t.Fatalf("%d checks", len(checks))
			}
			if got := string(checks[0].Verdict) + " " + checks[0].Detail; got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
	if checks := patternsOf(stack, spec.Node{Name: "k2"}); len(checks) > 0 {
		t.Errorf("k2 names its disks, and has %v", checks)
	}
}

func TestPoolChecks_SayHowEachPoolOfTheMachineIs(t *testing.T) {
	stack := &spec.Stack{Storage: spec.Storage{ZFS: &spec.ZFS{Pools: []spec.ZFSPool{{Name: "tank", Node: "worker-1"}, {Name: "fast", Node: "worker-2"}}}}}
	node := spec.Node{Name: "worker-1", Address: netip.MustParseAddr("10.0.0.1")}
	for want, test := range map[string]struct {
		said string
		err  error
	}{
		"ok ONLINE": {said: "ONLINE\n"},
		"problem is DEGRADED `zpool status` on the machine names the disk: docs/runbooks/replace-disk.md":         {said: "DEGRADED\n"},
		"problem is SUSPENDED `zpool status` on the machine names the disk: docs/runbooks/replace-disk.md":        {said: "SUSPENDED\n"},
		"problem is  `zpool status` on the machine names the disk: docs/runbooks/replace-disk.md":                 {},
		"problem is not there docs/runbooks/alerts/ZFSPoolNotOnline.md":                                           {err: status.Error(codes.NotFound, "stat: no such file")},
		"warning how it is, is not known: no route talosctl --nodes 10.0.0.1 read /proc/spl/kstat/zfs/tank/state": {err: errors.New("no route")},
	} {
		checks := poolChecks(stack, node, func(file string) ([]byte, error) {
			if file != "/proc/spl/kstat/zfs/tank/state" {
				t.Errorf("it reads %s", file)
			}
			return []byte(test.said), test.err
		})
		if len(checks) != 1 || checks[0].Name != "ZFS pool tank of worker-1" {
			t.Fatalf("%+v", checks)
		}
		got := string(checks[0].Verdict) + " " + checks[0].Detail
		if checks[0].Do != "" {
			got += " " + checks[0].Do
		}
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	old := poolChecks(stack, node, func(string) ([]byte, error) { return nil, errors.New("stat x: no such file or directory") })
	if old[0].Detail != "is not there" {
		t.Errorf("of an old machine: %+v", old)
	}
	if checks := poolChecks(&spec.Stack{}, node, nil); checks != nil {
		t.Errorf("a stack without pools has %v", checks)
	}
}

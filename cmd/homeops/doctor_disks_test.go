package main

import (
	"errors"
	"slices"
	"testing"

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

package discover_test

import (
	"testing"

	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/spec"
)

func disk(path string, size spec.Size, kind spec.DiskType) discover.Disk {
	return discover.Disk{Path: path, Size: size, Type: kind, Serial: "serial-of-" + path, Fixed: true}
}

func TestInstallDisk_IsTheSmallestFastOne(t *testing.T) {
	for name, c := range map[string]struct {
		disks []discover.Disk
		want  string
	}{
		"one disk":                   {[]discover.Disk{disk("/dev/sda", 1e12, spec.DiskHDD)}, "/dev/sda"},
		"fast before small":          {[]discover.Disk{disk("/dev/sda", 50e9, spec.DiskHDD), disk("/dev/sdb", 500e9, spec.DiskSSD)}, "/dev/sdb"},
		"small before large":         {[]discover.Disk{disk("/dev/nvme0n1", 2e12, spec.DiskNVMe), disk("/dev/nvme1n1", 250e9, spec.DiskNVMe)}, "/dev/nvme1n1"},
		"not too small":              {[]discover.Disk{disk("/dev/sda", 8e9, spec.DiskSSD), disk("/dev/sdb", 64e9, spec.DiskSSD)}, "/dev/sdb"},
		"a card only when all else":  {[]discover.Disk{disk("/dev/mmcblk0", 64e9, spec.DiskSD), disk("/dev/sda", 1e12, spec.DiskHDD)}, "/dev/sda"},
		"never the stick it boots":   {[]discover.Disk{{Path: "/dev/sda", Size: 32e9, Type: spec.DiskSSD}, disk("/dev/sdb", 64e9, spec.DiskSSD)}, "/dev/sdb"},
		"none when nothing will fit": {[]discover.Disk{disk("/dev/sda", 4e9, spec.DiskSSD)}, ""},
	} {
		got, ok := discover.Machine{Disks: c.disks}.InstallDisk()
		if got.Path != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q", name, got.Path)
		}
	}
}

func TestSpareDisks_LeaveOutTheInstallDiskAndCards(t *testing.T) {
	m := discover.Machine{Disks: []discover.Disk{
		disk("/dev/nvme0n1", 250e9, spec.DiskNVMe), disk("/dev/sda", 1e12, spec.DiskSSD), disk("/dev/mmcblk0", 64e9, spec.DiskSD),
		{Path: "/dev/sdb", Size: 32e9, Type: spec.DiskSSD},
	}}
	spare := m.SpareDisks(m.Disks[0])
	if len(spare) != 1 || spare[0].Path != "/dev/sda" {
		t.Errorf("got %v", spare)
	}
}

func TestSelector_NamesTheDiskForGood(t *testing.T) {
	byID := []string{"/dev/disk/by-path/x", "/dev/disk/by-id/ata-x"}
	for name, c := range map[string]struct {
		disk  discover.Disk
		other discover.Disk
		want  spec.DiskSelector
	}{
		"by serial number":                {discover.Disk{Serial: "S1", WWID: "W1"}, discover.Disk{Serial: "S2"}, spec.DiskSelector{Serial: "S1"}},
		"by WWID when two share a serial": {discover.Disk{Serial: "S1", WWID: "W1"}, discover.Disk{Serial: "S1", WWID: "W2"}, spec.DiskSelector{WWID: "W1"}},
		"by a stable path":                {discover.Disk{Path: "/dev/sda", Links: byID}, discover.Disk{}, spec.DiskSelector{Path: "/dev/disk/by-id/ata-x"}},
		"by the kernel's name at worst":   {discover.Disk{Path: "/dev/sda"}, discover.Disk{}, spec.DiskSelector{Path: "/dev/sda"}},
		"not by a serial with a wildcard": {discover.Disk{Path: "/dev/sda", Serial: "S*"}, discover.Disk{}, spec.DiskSelector{Path: "/dev/sda"}},
	} {
		m := discover.Machine{Disks: []discover.Disk{c.disk, c.other}}
		if got := m.Selector(c.disk); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

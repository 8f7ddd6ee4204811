package disks_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/home-ops/home-ops/components/rook/disks"
	"github.com/home-ops/home-ops/spec"
)

// links are what udev of Talos calls the disks of a machine.
var links = map[string][]string{
	"nvme": {
		"/dev/nvme0n1",
		"/dev/disk/by-id/nvme-Samsung_SSD_990_PRO_2TB_S73WNJ0W300521D",
		"/dev/disk/by-id/nvme-Samsung_SSD_990_PRO_2TB_S73WNJ0W300521D_1",
		"/dev/disk/by-id/nvme-eui.0025384331408d1f",
		"/dev/disk/by-path/pci-0000:02:00.0-nvme-1",
	},
	"its neighbour": {
		"/dev/nvme1n1",
		"/dev/disk/by-id/nvme-Samsung_SSD_990_PRO_2TB_S73WNJ0W300521DX",
		"/dev/disk/by-id/nvme-Samsung_SSD_990_PRO_2TB_S73WNJ0W300521DX_1",
		"/dev/disk/by-id/nvme-eui.0025384331408d1f00",
		"/dev/disk/by-path/pci-0000:02:00.0-nvme-11",
	},
	"its partition": {
		"/dev/nvme0n1p1",
		"/dev/disk/by-id/nvme-Samsung_SSD_990_PRO_2TB_S73WNJ0W300521D-part1",
		"/dev/disk/by-id/nvme-Samsung_SSD_990_PRO_2TB_S73WNJ0W300521D_1-part1",
		"/dev/disk/by-id/nvme-eui.0025384331408d1f-part1",
		"/dev/disk/by-path/pci-0000:02:00.0-nvme-1-part1",
	},
	"sata": {
		"/dev/sda",
		"/dev/disk/by-id/ata-WDC_WD40EFRX-68N32N0_WD-WCC7K1234567",
		"/dev/disk/by-id/wwn-0x50014ee2b1c2d3e4",
	},
	"usb":     {"/dev/sdb", "/dev/disk/by-id/usb-Samsung_PSSD_T7_S6WVNS0W123456X-0:0"},
	"virtual": {"/dev/vda", "/dev/disk/by-id/virtio-worker-1_data"},
	"without a world-wide name": {
		"/dev/nvme2n1", "/dev/disk/by-id/nvme-nvme.126f-413030-53504343-00000001",
		"/dev/disk/by-id/nvme-uuid.8b1fd1d2-3d0c-4c4a-9d0a-000000000001",
	},
}

// matched are the disks that a filter would give to Ceph.
func matched(t *testing.T, filter string) []string {
	t.Helper()
	expression := regexp.MustCompile(filter)
	var names []string
	for _, name := range []string{
		"nvme", "its neighbour", "its partition", "sata", "usb", "virtual", "without a world-wide name",
	} {
		for _, link := range links[name] {
			if expression.MatchString(link) {
				names = append(names, name)
				break
			}
		}
	}
	return names
}

func TestFilter_MatchesTheNamedDisksAndNoOthers(t *testing.T) {
	for name, test := range map[string]struct {
		disks []spec.DiskSelector
		want  []string
	}{
		"an NVMe disk by serial": {[]spec.DiskSelector{{Serial: "S73WNJ0W300521D"}}, []string{"nvme"}},
		"an NVMe disk by serial, described besides": {
			[]spec.DiskSelector{{Serial: "S73WNJ0W300521D", Type: spec.DiskNVMe, MinSize: 1e12}}, []string{"nvme"},
		},
		"an NVMe disk by wwid":        {[]spec.DiskSelector{{WWID: "eui.0025384331408D1F"}}, []string{"nvme"}},
		"an NVMe disk by kernel name": {[]spec.DiskSelector{{Path: "/dev/nvme0n1"}}, []string{"nvme"}},
		"a disk by where it is attached": {
			[]spec.DiskSelector{{Path: "/dev/disk/by-path/pci-0000:02:00.0-nvme-1"}}, []string{"nvme"},
		},
		"an identifier of the kernel's own making": {
			[]spec.DiskSelector{{WWID: "nvme.126f-413030-53504343-00000001"}}, []string{"without a world-wide name"},
		},
		"an identifier that is a UUID": {
			[]spec.DiskSelector{{WWID: "uuid.8b1fd1d2-3d0c-4c4a-9d0a-000000000001"}}, []string{"without a world-wide name"},
		},
		"a SATA disk by serial":            {[]spec.DiskSelector{{Serial: "WD-WCC7K1234567"}}, []string{"sata"}},
		"a SATA disk by wwid":              {[]spec.DiskSelector{{WWID: "naa.50014EE2B1C2D3E4"}}, []string{"sata"}},
		"a USB disk":                       {[]spec.DiskSelector{{Serial: "S6WVNS0W123456X"}}, []string{"usb"}},
		"a virtual disk":                   {[]spec.DiskSelector{{Serial: "worker-1_data"}}, []string{"virtual"}},
		"a serial with blanks about it":    {[]spec.DiskSelector{{Serial: "  WD-WCC7K1234567 "}}, []string{"sata"}},
		"a blank inside, which udev joins": {[]spec.DiskSelector{{Serial: "worker-1  data"}}, []string{"virtual"}},
		"the end of another serial":        {[]spec.DiskSelector{{Serial: "0W300521D"}}, nil},
		"the beginning of another serial":  {[]spec.DiskSelector{{Serial: "S73WNJ0W"}}, nil},
		"a dot, which stands for itself":   {[]spec.DiskSelector{{Serial: "WD.WCC7K1234567"}}, nil},
		"several disks at once": {
			[]spec.DiskSelector{{Serial: "S6WVNS0W123456X"}, {WWID: "naa.50014ee2b1c2d3e4"}, {Path: "/dev/vda"}},
			[]string{"sata", "usb", "virtual"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			filter, err := disks.Filter(test.disks)
			if err != nil {
				t.Fatal(err)
			}
			if got := matched(t, filter); !slices.Equal(got, test.want) {
				t.Errorf("%s matches %q, want %q", filter, got, test.want)
			}
		})
	}
}

func TestFilter_RefusesWhatNoLinkTells(t *testing.T) {
	for name, test := range map[string]struct {
		disk spec.DiskSelector
		want string
	}{
		"nothing": {spec.DiskSelector{}, "[0]: the disk is found by serial, wwid or path; give one of them"},
		"a model alone": {
			spec.DiskSelector{Model: "Samsung*"}, "[0]: the disk is found by serial, wwid or path; give one of them",
		},
		"a pattern": {
			spec.DiskSelector{Serial: "S73W*"}, `[0].serial: "S73W*" is a pattern, and every disk that matches would be taken: write it out`,
		},
		"two names": {
			spec.DiskSelector{Serial: "S73WNJ0W300521D", WWID: "eui.0025384331408d1f"},
			"[0]: serial and wwid are on two different links, of which one is compared: keep one of them",
		},
		"an identifier of blanks and text": {
			spec.DiskSelector{WWID: "t10.ATA     WDC WD40EFRX-68N32N0     WD-WCC7K1234567"},
			`[0].wwid: no link below /dev/disk/by-id carries "t10.ATA     WDC WD40EFRX-68N32N0     WD-WCC7K1234567": ` +
				"name the disk by serial, or by its path there",
		},
		"a serial that every NVMe link ends with": {
			spec.DiskSelector{Serial: "1"},
			`[0].serial: "1" cannot be told from the number of an NVMe namespace, which stands last in the links of other disks: ` +
				"name the disk by wwid, or by its path below /dev/disk/by-id",
		},
	} {
		t.Run(name, func(t *testing.T) {
			filter, err := disks.Filter([]spec.DiskSelector{test.disk})
			if err == nil || err.Error() != test.want {
				t.Errorf("filter %q, error %v, want %s", filter, err, test.want)
			}
		})
	}
}

func TestFilter_TellsEveryFaultAtOnce(t *testing.T) {
	_, err := disks.Filter([]spec.DiskSelector{{Serial: "S*"}, {Path: "/dev/sda"}, {}})
	want := `[0].serial: "S*" is a pattern, and every disk that matches would be taken: write it out` + "\n" +
		"[2]: the disk is found by serial, wwid or path; give one of them"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestFilter_TakesEveryDiskOfAPatternAndNoPartition(t *testing.T) {
	filter, err := disks.Filter([]spec.DiskSelector{{WWID: "naa.50014ee2b1c2d3e4"}}, "/dev/disk/by-id/nvme-Samsung_SSD_990_PRO_2TB_*")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for name, paths := range links {
		if slices.ContainsFunc(paths, regexp.MustCompile(filter).MatchString) {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	if want := []string{"its neighbour", "nvme", "sata"}; !slices.Equal(got, want) {
		t.Errorf("%s matches %q, want %q", filter, got, want)
	}
}

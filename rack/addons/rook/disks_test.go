package rook

import (
	"strings"
	"testing"
)

func TestChoose_TakesDisksByNameFilterAndLink(t *testing.T) {
	disks := []Disk{
		{Path: "/dev/nvme0n1", Links: []string{"/dev/disk/by-id/nvme-A_1"}, InUse: "the system disk"},
		{Path: "/dev/nvme1n1", Links: []string{"/dev/disk/by-id/nvme-A_2"}},
		{Path: "/dev/sda", Links: []string{"/dev/disk/by-id/ata-B_3", "/dev/disk/by-id/wwn-0x5"}},
	}
	yes := true
	for name, test := range map[string]struct {
		selection selection
		want      string
	}{
		"by a link":                       {selection{DevicePathFilter: "^/dev/disk/by-id/nvme-(.+_)?2$"}, "/dev/nvme1n1"},
		"by one of two links":             {selection{DevicePathFilter: "^(/dev/disk/by-id/nvme-(.+_)?2|/dev/disk/by-id/wwn-0x5)$"}, "/dev/nvme1n1 /dev/sda"},
		"by the kernel's name":            {selection{DeviceFilter: "^sd."}, "/dev/sda"},
		"by a device":                     {selection{Devices: []device{{Name: "sda"}, {Name: "/dev/disk/by-id/nvme-A_2"}}}, "/dev/sda /dev/nvme1n1"},
		"every blank one":                 {selection{UseAllDevices: &yes}, "/dev/nvme1n1 /dev/sda"},
		"not one that is in use":          {selection{DeviceFilter: "^nvme0"}, `node n: deviceFilter "^nvme0" matches /dev/nvme0n1, which is in use: the system disk`},
		"not without every one":           {selection{DevicePathFilter: "^(/dev/sda|/dev/sdb)$"}, `node n: devicePathFilter "^/dev/sdb$" matches none of its disks: /dev/nvme0n1, /dev/nvme1n1, /dev/sda`},
		"not by an expression of no kind": {selection{DevicePathFilter: "("}, "node n: devicePathFilter: error parsing regexp: missing closing ): `(`"},
		"not by nothing":                  {selection{}, "node n: nothing selects a disk"},
	} {
		t.Run(name, func(t *testing.T) {
			chosen, err := test.selection.choose("n", disks)
			var got []string
			for _, d := range chosen {
				got = append(got, d.Path)
			}
			text := strings.Join(got, " ")
			if err != nil {
				text = err.Error()
			}
			if text != test.want {
				t.Errorf("got %s, want %s", text, test.want)
			}
		})
	}
}

func TestAlternatives_TakesApartOnlyWhatItUnderstands(t *testing.T) {
	for filter, want := range map[string]string{
		"^(a|b)$":      "^a$ ^b$",
		`^((a|b)|c)$`:  "^(a|b)$ ^c$",
		`^(a\|b)$`:     `^a\|b$`,
		"^(a)(b)$":     "^(a)(b)$",
		"^/dev/(a|b)$": "^/dev/(a|b)$",
	} {
		if got := strings.Join(alternatives(filter), " "); got != want {
			t.Errorf("%s is %s, want %s", filter, got, want)
		}
	}
}

package node

import (
	_ "embed"
	"fmt"
	"slices"
	"testing"
)

//go:embed testdata/volumes.yaml
var volumes []byte

func TestVolumes_FindTheirDisks(t *testing.T) {
	t.Parallel()
	hw := Hardware{Disks: []Disk{
		{Path: "/dev/nvme0n1", Size: 500e9, Type: DiskNVMe},
		{Path: "/dev/sda", Size: 4000e9, Type: DiskHDD},
	}}
	hw.setDefaults()
	for name, want := range map[string][]string{
		"EPHEMERAL takes its whole disk":                  {"EPHEMERAL ready /dev/nvme0n1 500 GB"},
		"a user volume on a disk of its own":              {"EPHEMERAL ready /dev/nvme0n1 500 GB", "u-data ready /dev/sda 1.0 TB"},
		"a user volume beside a bounded EPHEMERAL":        {"EPHEMERAL ready /dev/nvme0n1 100 GB", "u-data ready /dev/nvme0n1 400 GB"},
		"a user volume beside an EPHEMERAL that took all": {"EPHEMERAL ready /dev/nvme0n1 500 GB", "u-data failed: no disks matched for volume (1 matched selector): 1 have not enough space, 0 have wrong format, 0 have other issues"},
		"a user volume for which there is no disk":        {"EPHEMERAL ready /dev/nvme0n1 500 GB", "u-data failed: no disks matched selector for volume"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, v := range volumesOf(hw, "/dev/nvme0n1", document(t, volumes, name), nil) {
				spec := v.TypedSpec()
				if spec.ErrorMessage != "" {
					got = append(got, fmt.Sprintf("%s %s: %s", v.Metadata().ID(), spec.Phase, spec.ErrorMessage))
					continue
				}
				got = append(got, fmt.Sprintf("%s %s %s %s", v.Metadata().ID(), spec.Phase, spec.ParentLocation, spec.PrettySize))
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q\nwant %q", got, want)
			}
		})
	}
}

func TestVolumes_LeaveEphemeralWhereItWasMade(t *testing.T) {
	t.Parallel()
	hw := Hardware{Disks: []Disk{{Path: "/dev/nvme0n1", Size: 500e9, Type: DiskNVMe}, {Path: "/dev/sda", Size: 4000e9, Type: DiskHDD}}}
	hw.setDefaults()
	bounded := document(t, volumes, "a user volume beside a bounded EPHEMERAL")
	for _, test := range []struct {
		made SystemVolume
		want string
	}{
		{SystemVolume{Disk: "/dev/nvme0n1", Size: 300e9}, "/dev/nvme0n1 300 GB"},
		{SystemVolume{Disk: "/dev/sda", Size: 200e9}, "/dev/sda 200 GB"},
		{SystemVolume{Disk: "/dev/gone", Size: 200e9}, "/dev/nvme0n1 100 GB"},
	} {
		spec := volumesOf(hw, "/dev/nvme0n1", bounded, map[string]SystemVolume{"EPHEMERAL": test.made})[0].TypedSpec()
		if got := spec.ParentLocation + " " + spec.PrettySize; got != test.want {
			t.Errorf("made %+v: %s, want %s", test.made, got, test.want)
		}
	}
}

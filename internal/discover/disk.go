package discover

import (
	"cmp"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// Disk is a disk of a machine.
type Disk struct {
	// Path is the kernel's name for it, such as /dev/sda.
	Path  string
	Size  spec.Size
	Model string
	// Serial and WWID name the disk for ever; either may be empty.
	Serial, WWID string
	// Type is the kind of disk, as the stack file distinguishes them.
	Type spec.DiskType
	// Transport is how it is attached: nvme, sata, usb, virtio, ...
	Transport string
	// Links are stable paths of the disk, such as those below /dev/disk/by-id.
	Links []string
	// Fixed reports whether the disk can be installed on or store data: it is neither read-only, nor a CD-ROM,
	// nor attached over USB as the stick is that the machine was booted from.
	Fixed bool
}

// smallestInstall is the least that Talos's partitions and some images fit on
// (https://www.talos.dev/latest/introduction/system-requirements/).
const smallestInstall spec.Size = 10 << 30

// InstallDisk proposes the disk for Talos: one that does not rotate before one that does, and the smallest,
// which leaves the large ones for data.
func (m Machine) InstallDisk() (Disk, bool) {
	var fit []Disk
	for _, d := range m.Disks {
		if d.Fixed && d.Size >= smallestInstall {
			fit = append(fit, d)
		}
	}
	if len(fit) == 0 {
		return Disk{}, false
	}
	return slices.MinFunc(fit, func(a, b Disk) int {
		return cmp.Or(cmp.Compare(slowness(a), slowness(b)), cmp.Compare(a.Size, b.Size), cmp.Compare(a.Path, b.Path))
	}), true
}

func slowness(d Disk) int {
	switch d.Type {
	case spec.DiskNVMe, spec.DiskSSD:
		return 0
	case spec.DiskHDD:
		return 1
	default: // memory cards wear out
		return 2
	}
}

// SpareDisks lists the fixed disks other than the one that is installed on.
func (m Machine) SpareDisks(install Disk) []Disk {
	return slices.DeleteFunc(slices.Clone(m.Disks), func(d Disk) bool {
		return !d.Fixed || d.Path == install.Path || slowness(d) > 1
	})
}

// Selector finds exactly this disk of the machine: by its serial number, else its WWID, else a stable path, else
// the kernel's name, which may change.
func (m Machine) Selector(d Disk) spec.DiskSelector {
	unique := func(of func(Disk) string) bool {
		n := 0
		for _, other := range m.Disks {
			if of(other) == of(d) {
				n++
			}
		}
		return of(d) != "" && n == 1
	}
	switch {
	case unique(func(d Disk) string { return d.Serial }) && !strings.Contains(d.Serial, "*"):
		return spec.DiskSelector{Serial: d.Serial}
	case unique(func(d Disk) string { return d.WWID }):
		return spec.DiskSelector{WWID: d.WWID}
	}
	for _, link := range d.Links {
		if strings.HasPrefix(link, "/dev/disk/by-id/") {
			return spec.DiskSelector{Path: link}
		}
	}
	return spec.DiskSelector{Path: d.Path}
}

package node

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
)

// Hardware is what a machine is made of, as far as Talos's config can select or its API can show it.
type Hardware struct {
	// Arch is the Go name of the architecture. Default: that of the host.
	Arch string
	// CPUs is the number of cores. Default: 4.
	CPUs int
	// Memory is in bytes. Default: 16 GiB.
	Memory uint64
	// UUID, Manufacturer and Product are what SMBIOS tells.
	UUID, Manufacturer, Product string
	Disks                       []Disk
	Links                       []Link
}

// DiskType is the kind of a disk, in the words of the config's disk selector.
type DiskType string

// The disk types of the config's disk selector. A selector for ssd means non-rotational, so it matches NVMe too.
const (
	DiskNVMe DiskType = "nvme"
	DiskSSD  DiskType = "ssd"
	DiskHDD  DiskType = "hdd"
	DiskSD   DiskType = "sd"
)

// Disk is one disk of a machine.
type Disk struct {
	// Path is the device, such as /dev/nvme0n1.
	Path string
	// Size is in bytes.
	Size uint64
	Type DiskType
	// Transport is nvme, sata, usb, virtio or mmc. Default: what the type implies.
	Transport                           string
	Model, Serial, WWID, UUID, Modalias string
	BusPath                             string
	ReadOnly                            bool
	// Dead says that each read and write is an error.
	Dead bool
	// Symlinks are other paths of the same disk, such as /dev/disk/by-id/...
	Symlinks []string
}

// Link is one network link of a machine.
type Link struct {
	// Name is the kernel's, such as eno1 or enp3s0.
	Name string
	// MAC is the permanent hardware address, in any usual notation.
	MAC string
	// Driver, BusPath and PCIID are what the config's device selector can match.
	Driver, BusPath, PCIID string
	// MTU is the largest that the link carries. Default: 1500.
	MTU int
	// SpeedMbit is the link's speed. Default: 1000.
	SpeedMbit int
	// Down marks a link without a cable.
	Down bool
}

// DefaultHardware is a plain small machine: one NVMe disk of 512 GB and one link.
func DefaultHardware() Hardware {
	return Hardware{
		Arch:         runtime.GOARCH,
		CPUs:         4,
		Memory:       16 << 30,
		Manufacturer: "Simulated",
		Product:      "Rack node",
		Disks:        []Disk{{Path: "/dev/nvme0n1", Size: 512110190592, Type: DiskNVMe, Model: "Simulated NVMe", Serial: "SIM0001"}},
		Links:        []Link{{Name: "eth0", MAC: "02:00:00:00:00:01", Driver: "virtio_net"}},
	}
}

func (h *Hardware) setDefaults() {
	defaults := DefaultHardware()
	h.Arch = cmp.Or(h.Arch, defaults.Arch)
	h.CPUs = cmp.Or(h.CPUs, defaults.CPUs)
	h.Memory = cmp.Or(h.Memory, defaults.Memory)
	h.Manufacturer = cmp.Or(h.Manufacturer, defaults.Manufacturer)
	h.Product = cmp.Or(h.Product, defaults.Product)
	if h.Disks == nil {
		h.Disks = defaults.Disks
	}
	if h.Links == nil {
		h.Links = defaults.Links
	}
	h.Disks, h.Links = slices.Clone(h.Disks), slices.Clone(h.Links)
	for i := range h.Disks {
		h.Disks[i].Transport = cmp.Or(h.Disks[i].Transport, defaultTransport[h.Disks[i].Type])
	}
	for i := range h.Links {
		h.Links[i].MTU = cmp.Or(h.Links[i].MTU, 1500)
		h.Links[i].SpeedMbit = cmp.Or(h.Links[i].SpeedMbit, 1000)
	}
}

var defaultTransport = map[DiskType]string{DiskNVMe: "nvme", DiskSSD: "sata", DiskHDD: "sata", DiskSD: "mmc"}

func (h *Hardware) validate() error {
	var errs []error
	paths, names, macs := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i, disk := range h.Disks {
		if !strings.HasPrefix(disk.Path, "/dev/") {
			errs = append(errs, fmt.Errorf("disks[%d].path: %q must begin with /dev/", i, disk.Path))
		}
		if paths[disk.Path] {
			errs = append(errs, fmt.Errorf("disks[%d].path: %s is there twice", i, disk.Path))
		}
		if _, known := defaultTransport[disk.Type]; !known {
			errs = append(errs, fmt.Errorf("disks[%d].type: %q is none of nvme, ssd, hdd, sd", i, disk.Type))
		}
		paths[disk.Path] = true
	}
	if len(h.Links) == 0 {
		errs = append(errs, errors.New("links must have at least one"))
	}
	for i, link := range h.Links {
		mac, err := net.ParseMAC(link.MAC)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("links[%d].mac: %w", i, err))
		case macs[mac.String()]:
			errs = append(errs, fmt.Errorf("links[%d].mac: %s is there twice", i, link.MAC))
		}
		if link.Name == "" || names[link.Name] {
			errs = append(errs, fmt.Errorf("links[%d].name: %q must be set and unique", i, link.Name))
		}
		macs[mac.String()], names[link.Name] = true, true
	}
	return errors.Join(errs...)
}

// disk finds a disk by its device path or one of its symlinks.
func (h *Hardware) disk(path string) (Disk, bool) {
	for _, disk := range h.Disks {
		if disk.Path == path || slices.Contains(disk.Symlinks, path) {
			return disk, true
		}
	}
	return Disk{}, false
}

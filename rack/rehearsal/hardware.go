package rehearsal

import (
	"fmt"
	"strings"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/spec"
)

// hardwareOf makes the machine that the stack file describes: every disk and link that it selects is there, and one
// small decoy disk that nothing may select.
func hardwareOf(s *spec.Stack, n spec.Node) node.Hardware {
	h := node.Hardware{Arch: string(n.Arch), CPUs: 8, Memory: 32 << 30, Manufacturer: "Simulated", Product: "Rehearsal node"}
	d := disks{}
	d.add(n.InstallDisk, 512e9)
	if n.EphemeralVolume != nil {
		d.add(n.EphemeralVolume.Disk, 512e9)
	}
	for _, v := range n.UserVolumes {
		d.add(v.Disk, max(1e12, uint64(v.MinSize), uint64(v.MaxSize)))
		if v.Match != "" {
			// A free NVMe disk is what such expressions look for.
			d.add(spec.DiskSelector{Type: spec.DiskNVMe, Model: "For " + v.Name}, 1e12)
		}
	}
	for _, v := range n.RawVolumes {
		d.add(v.Disk, max(1e12, uint64(v.MinSize), uint64(v.MaxSize)))
		if v.Match != "" {
			d.add(spec.DiskSelector{Type: spec.DiskNVMe, Model: "For " + v.Name}, 1e12)
		}
	}
	for _, selector := range storageDisks(s, n.Name) {
		d.add(selector, 2e12)
	}
	d.all = append(d.all, node.Disk{Path: "/dev/sdz", Size: 32e9, Type: node.DiskSSD, Transport: "usb", Model: "Decoy", Serial: "DECOY-" + n.Name, BusPath: "/usb/decoy"})
	for i := range d.all {
		d.all[i].Symlinks = append(d.all[i].Symlinks, udevLinks(d.all[i])...)
	}
	h.Disks = d.all
	h.Links = links(n)
	return h
}

func storageDisks(s *spec.Stack, name string) []spec.DiskSelector {
	var selectors []spec.DiskSelector
	if c := s.Storage.RookCeph; c != nil {
		for _, n := range c.Nodes {
			if n.Name == name {
				selectors = append(selectors, n.Disks...)
				for _, pattern := range n.Matching {
					// One disk whose link matches.
					selectors = append(selectors, spec.DiskSelector{Path: strings.ReplaceAll(string(pattern), "*", "SIM")})
				}
			}
		}
	}
	if z := s.Storage.ZFS; z != nil {
		for _, p := range z.Pools {
			if p.Node == name {
				selectors = append(selectors, p.Disks...)
			}
		}
	}
	return selectors
}

// disks collects one disk for each different selector.
type disks struct {
	all  []node.Disk
	seen map[spec.DiskSelector]bool
}

func (d *disks) add(s spec.DiskSelector, size uint64) {
	if d.seen == nil {
		d.seen = map[spec.DiskSelector]bool{}
	}
	if s.IsZero() || d.seen[s] {
		return
	}
	d.seen[s] = true
	number := len(d.all)
	disk := node.Disk{
		Size: fit(size, s), Type: node.DiskType(s.Type), Serial: s.Serial, WWID: s.WWID,
		Model: concrete(s.Model), BusPath: concrete(s.BusPath),
	}
	if disk.Type == "" {
		disk.Type = node.DiskNVMe
	}
	disk.Path = fmt.Sprintf("/dev/sd%c", 'a'+number)
	if disk.Type == node.DiskNVMe {
		disk.Path = fmt.Sprintf("/dev/nvme%dn1", number)
	}
	switch {
	case strings.HasPrefix(s.Path, "/dev/disk/"):
		disk.Symlinks = []string{s.Path}
	case s.Path != "":
		disk.Path = s.Path
	}
	if disk.Serial == "" {
		disk.Serial = fmt.Sprintf("REHEARSAL%03d", number)
	}
	if disk.BusPath == "" {
		disk.BusPath = fmt.Sprintf("/pci0000:00/0000:00:%02x.0/nvme", 0x10+number)
	}
	d.all = append(d.all, disk)
}

// fit moves a size into what the selector allows.
func fit(size uint64, s spec.DiskSelector) uint64 {
	if s.MinSize > 0 {
		size = max(size, uint64(s.MinSize))
	}
	if s.MaxSize > 0 {
		size = min(size, uint64(s.MaxSize))
	}
	return size
}

// concrete turns a pattern into something that it matches.
func concrete(pattern string) string { return strings.ReplaceAll(pattern, "*", "0") }

func links(n spec.Node) []node.Link {
	var all []node.Link
	add := func(name string, mac spec.MAC) {
		if name == "" {
			name = fmt.Sprintf("eth%d", len(all))
		}
		for _, l := range all {
			if l.Name == name || (!mac.IsZero() && strings.EqualFold(l.MAC, mac.String())) {
				return
			}
		}
		address := mac.String()
		if mac.IsZero() {
			address = fmt.Sprintf("02:00:00:00:%02x:%02x", n.Name[0], len(all))
		}
		all = append(all, node.Link{Name: name, MAC: address, Driver: "virtio_net", MTU: 9216, SpeedMbit: 2500})
	}
	bond := func(b *spec.Bond) {
		if b == nil {
			return
		}
		for _, mac := range b.MACs {
			add("", mac)
		}
		for _, name := range b.Interfaces {
			add(name, spec.MAC{})
		}
	}
	if n.Bond == nil {
		add(n.Interface, n.MAC)
	}
	bond(n.Bond)
	for _, l := range n.ExtraLinks {
		if l.Bond == nil {
			add(l.Interface, l.MAC)
		}
		bond(l.Bond)
	}
	return all
}

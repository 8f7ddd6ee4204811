package rehearsal

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/home-ops/home-ops/rack/addons/rook"
	"github.com/home-ops/home-ops/rack/node"
)

// disksOf are a machine's disks as the pods on it see them.
func (r *rack) disksOf(name string) []rook.Disk {
	for _, m := range r.nodes {
		if m.spec.Name != name {
			continue
		}
		occupied, err := m.Occupied()
		if err != nil {
			r.fault(err)
			return nil
		}
		var disks []rook.Disk
		for _, d := range m.Disks() {
			disks = append(disks, rook.Disk{Path: d.Path, Links: d.Symlinks, Size: d.Size, InUse: occupied[d.Path], Dead: d.Dead})
		}
		return disks
	}
	return nil
}

// lacksZFS says why a machine cannot have a pool.
func (r *rack) lacksZFS(name string) error {
	for _, m := range r.nodes {
		if m.spec.Name == name {
			return m.Loads("zfs", "siderolabs/zfs")
		}
	}
	return fmt.Errorf("there is no machine %s", name)
}

// runsFromVar says why a machine runs no program from /var.
func (r *rack) runsFromVar(name string) error {
	for _, m := range r.nodes {
		if m.spec.Name == name {
			return m.RunsFromVar()
		}
	}
	return fmt.Errorf("there is no machine %s", name)
}

var unsafeInLink = regexp.MustCompile(`[^0-9A-Za-z#+.:=@_-]`)

// udevLinks are the names that udev would give to the disk
// (https://github.com/systemd/systemd/blob/main/rules.d/60-persistent-storage.rules.in).
func udevLinks(d node.Disk) []string {
	bus := "ata"
	switch {
	case d.Type == node.DiskNVMe:
		bus = "nvme"
	case d.Type == node.DiskSD:
		bus = "mmc"
	case d.Transport != "":
		bus = d.Transport
	}
	name := strings.Join(strings.Fields(d.Model), "_")
	if d.Serial != "" {
		if name != "" {
			name += "_"
		}
		name += strings.Join(strings.Fields(d.Serial), "_")
	}
	byID := func(id string) string { return "/dev/disk/by-id/" + unsafeInLink.ReplaceAllString(id, "_") }
	links := []string{byID(bus + "-" + name)}
	kind, id, _ := strings.Cut(strings.ToLower(d.WWID), ".")
	switch kind {
	case "naa":
		links = append(links, byID("wwn-0x"+id))
	case "eui", "uuid", "nvme":
		links = append(links, byID("nvme-"+strings.ToLower(d.WWID)))
	}
	return links
}

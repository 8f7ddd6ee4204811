package rehearsal

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/rack/addons/rook"
	"github.com/home-ops/home-ops/rack/node"
)

// hosts are the machines as the pods on them see them.
type hosts struct{ *rack }

// Disks implements [rook.Hosts].
func (h hosts) Disks(name string) []rook.Disk {
	m := h.host(name)
	if m == nil {
		return nil
	}
	occupied, err := m.Occupied()
	if err != nil {
		h.fault(err)
		return nil
	}
	var disks []rook.Disk
	for _, d := range m.Disks() {
		content, err := m.Content(d.Path)
		h.fault(err)
		disks = append(disks, rook.Disk{Path: d.Path, Links: d.Symlinks, Size: d.Size, InUse: occupied[d.Path], Content: content, Dead: d.Dead})
	}
	return disks
}

// Write implements [rook.Hosts].
func (h hosts) Write(name, path, content string) error {
	m := h.host(name)
	if m == nil {
		return fmt.Errorf("there is no machine %s", name)
	}
	return m.Write(path, content)
}

// HostPath implements [rook.Hosts].
func (h hosts) HostPath(name, path string) (string, error) {
	m := h.host(name)
	if m == nil {
		return "", fmt.Errorf("there is no machine %s", name)
	}
	return m.HostPath(path)
}

// host is the machine of a node; nil if there is none.
func (r *rack) host(name string) *machine {
	i := slices.IndexFunc(r.nodes, func(m *machine) bool { return m.spec.Name == name })
	if i < 0 {
		return nil
	}
	return r.nodes[i]
}

// lacksZFS says why a machine cannot have a pool.
func (r *rack) lacksZFS(name string) error {
	m := r.host(name)
	if m == nil {
		return fmt.Errorf("there is no machine %s", name)
	}
	return m.Loads("zfs", "siderolabs/zfs")
}

// runsFromVar says why a machine runs no program from /var.
func (r *rack) runsFromVar(name string) error {
	m := r.host(name)
	if m == nil {
		return fmt.Errorf("there is no machine %s", name)
	}
	return m.RunsFromVar()
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

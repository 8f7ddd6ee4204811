// Package hosttest has machines for tests of what runs on them.
package hosttest

import (
	"path/filepath"
	"sync"

	"github.com/home-ops/home-ops/rack/addons/rook"
)

// Hosts are machines whose disks a test names. What is written onto a disk is kept by the last of its names, which tells it from
// another disk in its place.
type Hosts struct {
	disks func(node string) []rook.Disk
	dir   string

	kept *kept
}

// kept is what is on the disks.
type kept struct {
	sync.Mutex
	contents map[string]string
}

// New are machines with these disks, and with their file systems below a folder.
func New(dir string, disks func(node string) []rook.Disk) *Hosts {
	return &Hosts{disks: disks, dir: dir, kept: &kept{contents: map[string]string{}}}
}

// With are the same machines with other disks.
func (h *Hosts) With(disks func(node string) []rook.Disk) *Hosts {
	return &Hosts{disks: disks, dir: h.dir, kept: h.kept}
}

// Disks implements [rook.Hosts].
func (h *Hosts) Disks(node string) []rook.Disk {
	h.kept.Lock()
	defer h.kept.Unlock()
	disks := h.disks(node)
	for i, d := range disks {
		disks[i].Content = h.kept.contents[node+name(d)]
	}
	return disks
}

// Write implements [rook.Hosts].
func (h *Hosts) Write(node, path, content string) error {
	h.kept.Lock()
	defer h.kept.Unlock()
	for _, d := range h.disks(node) {
		if d.Path == path {
			h.kept.contents[node+name(d)] = content
		}
	}
	return nil
}

// HostPath implements [rook.Hosts].
func (h *Hosts) HostPath(node, path string) (string, error) {
	return filepath.Join(h.dir, node, path), nil
}

func name(d rook.Disk) string {
	if len(d.Links) == 0 {
		return d.Path
	}
	return d.Links[len(d.Links)-1]
}

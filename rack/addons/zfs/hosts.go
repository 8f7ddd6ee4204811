package zfs

import (
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/home-ops/home-ops/rack/addons/rook"
)

// Hosts are the nodes, and what ZFS has made of their disks.
type Hosts struct {
	rook.Hosts
	lacks func(node string) error
	// resilver is how long a disk takes to get the data of the one whose place it takes.
	resilver time.Duration
	mu       sync.Mutex
}

// resilver is hours at home; it is as long here as lets everybody who has to wait for it be seen waiting.
const resilver = 5 * time.Second

// Pool is a pool of a node.
type Pool struct {
	Name string
	// State is ONLINE, or DEGRADED where it lacks disks and serves nevertheless.
	State string
	// Layout is mirror, raidz1, ... or empty for a stripe.
	Layout string
	// Options are those of -o and -O, such as ashift=12.
	Options []string
	// Disks are the devices that answer, such as /dev/sda.
	Disks []string
	// Size is what fits into it, in bytes.
	Size uint64
}

// NewHosts are nodes. Lacks says why a node has no ZFS; nil for nodes that all have it.
func NewHosts(hosts rook.Hosts, lacks func(node string) error) *Hosts {
	if lacks == nil {
		lacks = func(string) error { return nil }
	}
	return &Hosts{Hosts: hosts, lacks: lacks, resilver: resilver}
}

// Pools are those of a node.
func (h *Hosts) Pools(node string) []Pool {
	h.mu.Lock()
	defer h.mu.Unlock()
	var pools []Pool
	for _, p := range h.imported(node) {
		pool := Pool{Name: p.name, State: p.state(), Layout: p.Layout, Options: p.Options, Size: p.size()}
		for _, m := range p.Members {
			if disk, ok := p.online[m.GUID]; ok {
				pool.Disks = append(pool.Disks, disk.Path)
			}
		}
		pools = append(pools, pool)
	}
	return pools
}

// imported are the pools that a node serves: one that has lost too many disks is not imported when it boots, and is not served before
// that either. What a pool has finished is written down, so that it counts for as long only as the disks that it is from are there.
func (h *Hosts) imported(node string) []*found {
	if h.lacks(node) != nil {
		return nil
	}
	var pools []*found
	for _, p := range read(h.Hosts.Disks(node)) {
		if p.lacks() > p.spare() {
			continue
		}
		if gone, changed := p.settle(time.Now()); changed {
			for _, guid := range gone {
				if disk, ok := p.online[guid]; ok {
					_ = h.Write(node, disk.Path, left)
				}
			}
			if h.write(node, p) != nil {
				continue // the machine is gone
			}
		}
		pools = append(pools, p)
	}
	return pools
}

// StateFile is where the kernel says how a pool is. The node exporter makes its metric of that
// (https://github.com/prometheus/node_exporter/blob/master/collector/zfs_linux.go).
func StateFile(pool string) string { return "/proc/spl/kstat/zfs/" + pool + "/state" }

// File is what a node's kernel says of a pool in a file below /proc. The error is [fs.ErrNotExist] for any other file.
func (h *Hosts) File(node, name string) ([]byte, error) {
	for _, p := range h.Pools(node) {
		if name == StateFile(p.Name) {
			return []byte(p.State + "\n"), nil
		}
	}
	return nil, fmt.Errorf("stat %s: %w", name, fs.ErrNotExist)
}

// Disks are those of a node, with the ones that are in a pool, or were, in use.
func (h *Hosts) Disks(node string) []rook.Disk {
	disks := h.Hosts.Disks(node)
	for i, d := range disks {
		if pool, ok := PoolOn(d.Content); d.InUse == "" && ok {
			disks[i].InUse = content + pool
		} else if d.InUse == "" && d.Content == left {
			disks[i].InUse = left
		}
	}
	return disks
}

// disk is the node's disk of a name; nil if there is none.
func (h *Hosts) disk(node, name string) *rook.Disk {
	for _, d := range h.Disks(node) {
		if d.Path == name || slices.Contains(d.Links, name) {
			return &d
		}
	}
	return nil
}

package zfs

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/home-ops/home-ops/rack/addons/rook"
)

// Hosts are the nodes, and what ZFS has made of their disks.
type Hosts struct {
	rook.Hosts
	lacks  func(node string) error
	mu     sync.Mutex
	byNode map[string][]Pool
}

// Pool is a pool of a node.
type Pool struct {
	Name string
	// Layout is mirror, raidz1, ... or empty for a stripe.
	Layout string
	// Options are those of -o and -O, such as ashift=12.
	Options []string
	// Disks are the devices, such as /dev/sda.
	Disks []string
	// Size is what they have altogether, in bytes.
	Size uint64
}

// NewHosts are nodes. Lacks says why a node has no ZFS; nil for nodes that all have it.
func NewHosts(hosts rook.Hosts, lacks func(node string) error) *Hosts {
	if lacks == nil {
		lacks = func(string) error { return nil }
	}
	return &Hosts{Hosts: hosts, lacks: lacks, byNode: map[string][]Pool{}}
}

// Pools are those of a node.
func (h *Hosts) Pools(node string) []Pool {
	h.mu.Lock()
	defer h.mu.Unlock()
	var pools []Pool
	for _, d := range h.Hosts.Disks(node) {
		name, ok := strings.CutPrefix(d.Content, content)
		if !ok {
			continue
		}
		if i := slices.IndexFunc(h.byNode[node], func(p Pool) bool { return p.Name == name }); i >= 0 {
			if !slices.ContainsFunc(pools, func(p Pool) bool { return p.Name == name }) {
				pools = append(pools, h.byNode[node][i])
			}
			continue
		}
		// It was made by a cluster that is gone, and imported when the machine booted.
		i := slices.IndexFunc(pools, func(p Pool) bool { return p.Name == name })
		if i < 0 {
			i, pools = len(pools), append(pools, Pool{Name: name})
		}
		pools[i].Disks, pools[i].Size = append(pools[i].Disks, d.Path), pools[i].Size+d.Size
	}
	return pools
}

// content begins what a pool's disks hold: as long as one of them is there, so is the pool.
const content = "ZFS pool "

// PoolOn is the name of the pool that has a disk with this content; ok is false for what is of none.
func PoolOn(text string) (name string, ok bool) { return strings.CutPrefix(text, content) }

// Disks are those of a node, with the ones that are in a pool in use.
func (h *Hosts) Disks(node string) []rook.Disk {
	disks := h.Hosts.Disks(node)
	for i, d := range disks {
		if d.InUse == "" && strings.HasPrefix(d.Content, content) {
			disks[i].InUse = d.Content
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

// zpool is the node's command of that name.
func (h *Hosts) zpool(node string, args []string, out io.Writer) error {
	if err := h.lacks(node); err != nil {
		return fmt.Errorf("chroot: can't execute '/usr/local/sbin/zpool': %w", err)
	}
	switch {
	case slices.Equal(args, []string{"list", "-H", "-o", "name"}):
		for _, pool := range h.Pools(node) {
			fmt.Fprintln(out, pool.Name)
		}
		return nil
	case len(args) > 0 && args[0] == "create":
		return h.create(node, args[1:])
	}
	return fmt.Errorf("the rack's zpool does not know: zpool %s", strings.Join(args, " "))
}

// least is how many disks a layout wants (https://openzfs.github.io/openzfs-docs/man/7/zpoolconcepts.7.html).
var least = map[string]int{"mirror": 2, "raidz1": 2, "raidz2": 3, "raidz3": 4}

func (h *Hosts) create(node string, args []string) error {
	var pool Pool
	for len(args) > 1 && strings.HasPrefix(args[0], "-") {
		if !slices.Contains([]string{"-o", "-O", "-m"}, args[0]) {
			return fmt.Errorf("the rack's zpool does not know: zpool create %s", args[0])
		}
		pool.Options = append(pool.Options, args[1])
		args = args[2:]
	}
	if len(args) < 2 {
		return errors.New("missing vdev specification")
	}
	pool.Name, args = args[0], args[1:]
	if least[args[0]] > 0 {
		pool.Layout, args = args[0], args[1:]
	}
	if len(args) < max(1, least[pool.Layout]) {
		return fmt.Errorf("invalid vdev specification: %s requires at least %d devices", pool.Layout, least[pool.Layout])
	}
	var errs []error
	for _, name := range args {
		disk := h.disk(node, name)
		switch {
		case disk == nil:
			errs = append(errs, fmt.Errorf("cannot open '%s': no such device in /dev", name))
		case disk.InUse != "" || slices.Contains(pool.Disks, disk.Path):
			errs = append(errs, fmt.Errorf("%s is in use", name))
		default:
			pool.Disks, pool.Size = append(pool.Disks, disk.Path), pool.Size+disk.Size
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if slices.ContainsFunc(h.Pools(node), func(p Pool) bool { return p.Name == pool.Name }) {
		return fmt.Errorf("cannot create '%s': pool already exists", pool.Name)
	}
	for _, path := range pool.Disks {
		if err := h.Write(node, path, content+pool.Name); err != nil {
			return err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.byNode[node] = append(slices.DeleteFunc(h.byNode[node], func(p Pool) bool { return p.Name == pool.Name }), pool)
	return nil
}

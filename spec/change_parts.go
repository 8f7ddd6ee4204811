package spec

import (
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// purgeOSD is how an OSD goes. Where each node has one disk, nothing is whole again before another disk is in the place of a dead one.
const purgeOSD = "One that works is emptied first (`ceph osd out`, then wait until `ceph osd safe-to-destroy` says yes), and purged afterwards. One that is dead has nothing to empty: `ceph osd out`, another disk in its place, and purge it when HEALTH_OK is back (docs/runbooks/replace-disk.md)"

// storage judges what happens to data.
func (c *change) storage() {
	was, is := c.from.Storage, c.to.Storage
	for _, kind := range []struct {
		path    *field.Path
		was, is bool
	}{
		{field.NewPath("storage", "rookCeph"), was.RookCeph != nil, is.RookCeph != nil},
		{field.NewPath("storage", "longhorn"), was.Longhorn != nil, is.Longhorn != nil},
		{field.NewPath("storage", "zfs"), was.ZFS != nil, is.ZFS != nil},
	} {
		if kind.was && !kind.is {
			c.announce(kind.path, "it leaves, and the volumes in it are served no more: move their data first")
		}
	}
	if was.ZFS != nil && is.ZFS != nil {
		c.zfsPools(was.ZFS, is.ZFS)
	}
	if was.RookCeph == nil || is.RookCeph == nil {
		return
	}
	c.leavingPatterns(was.RookCeph, is.RookCeph)
	c.cephPools(was.RookCeph, is.RookCeph)
	for _, n := range was.RookCeph.Nodes {
		for _, disk := range n.Disks {
			if !hasCephDisk(is.RookCeph, n.Name, disk) {
				c.announce(field.NewPath("storage", "rookCeph", "nodes"), "a disk of %s (%s) leaves: Rook does not take its OSD away by itself. %s", n.Name, diskName(disk), purgeOSD)
			}
		}
	}
}

// leavingPatterns announces the disks that only a pattern chose.
func (c *change) leavingPatterns(was, is *RookCeph) {
	for _, n := range was.Nodes {
		for _, p := range n.Matching {
			kept := slices.ContainsFunc(is.Nodes, func(m CephNode) bool { return m.Name == n.Name && slices.Contains(m.Matching, p) })
			if !kept {
				c.announce(field.NewPath("storage", "rookCeph", "nodes"), "the disks of %s that match %s leave: Rook does not take their OSDs away by itself. Empty them first (`ceph osd out`, then wait until `ceph osd safe-to-destroy` says yes), and purge them afterwards", n.Name, p)
			}
		}
	}
}

func hasCephDisk(ceph *RookCeph, node string, disk DiskSelector) bool {
	return slices.ContainsFunc(ceph.Nodes, func(n CephNode) bool {
		return n.Name == node && slices.Contains(n.Disks, disk)
	})
}

func diskName(d DiskSelector) string {
	for _, name := range []string{d.Serial, d.WWID, d.Path, d.Model, d.BusPath} {
		if name != "" {
			return name
		}
	}
	return string(d.Type)
}

// addresses announces what others point to.
func (c *change) addresses() {
	was, is := c.from.Cilium, c.to.Cilium
	for _, pool := range was.Pools {
		i := slices.IndexFunc(is.Pools, func(p Pool) bool { return p.Name == pool.Name })
		switch {
		case i < 0:
			c.announce(field.NewPath("cilium", "pools"), "pool %s leaves: services with addresses out of it lose them", pool.Name)
		case !reflect.DeepEqual(pool.Blocks, is.Pools[i].Blocks):
			c.announce(field.NewPath("cilium", "pools").Index(i).Child("blocks"), "services lose the addresses that are no longer in the pool, and get others")
		}
	}
	c.bgp(was.BGP, is.BGP)
}

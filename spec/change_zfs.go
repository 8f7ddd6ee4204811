package spec

import (
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// keptZFSPool is why a pool of ZFS stays as it was made.
const keptZFSPool = "it is decided when a pool is made; name another pool on other disks, and move the volumes there"

// zfsPools judges what changes of the pools that hold data. The cluster makes a pool and touches it no more, so that all else
// is done by hand, and the stack file follows: a cluster that is rebuilt makes its pools as they are written.
func (c *change) zfsPools(was, is *ZFS) {
	at := field.NewPath("storage", "zfs", "pools")
	for _, pool := range was.Pools {
		i := slices.IndexFunc(is.Pools, func(p ZFSPool) bool { return p.Name == pool.Name && p.Node == pool.Node })
		if i < 0 {
			c.announce(at, "pool %s of %s leaves: the volumes in it are served no more, and their data stay on its disks; move them first", pool.Name, pool.Node)
			continue
		}
		at, now := at.Index(i), is.Pools[i]
		if pool.Layout != now.Layout {
			c.refuse(at.Child("layout"), "pool %s is a %s, and cannot become a %s: %s", pool.Name, pool.Layout, now.Layout, keptZFSPool)
		}
		if pool.SectorShift != now.SectorShift {
			c.refuse(at.Child("sectorShift"), "pool %s has sectors of 2^%d bytes, and cannot have others of 2^%d: %s", pool.Name, pool.SectorShift, now.SectorShift, keptZFSPool)
		}
		if !reflect.DeepEqual(pool.Disks, now.Disks) {
			c.announce(at.Child("disks"), "nobody tells the pool %s, which is there: `zpool replace` and `zpool add` are done by hand (docs/runbooks/replace-disk.md), and this is what a rebuilt cluster makes", pool.Name)
		}
	}
}

package spec

import (
	"regexp"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Reserved first words and what follows c and digits (https://openzfs.github.io/openzfs-docs/man/8/zpool-create.8.html).
var (
	zfsName     = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_.:-]*$`)
	zfsReserved = regexp.MustCompile(`^(mirror|raidz|draid|spare|log|c[0-9])`)
)

// zfs checks the ZFS pools.
func (c *checker) zfs() {
	z := c.s.Storage.ZFS
	if z == nil {
		return
	}
	path := field.NewPath("storage", "zfs")
	seen := map[string]int{}
	for i, p := range z.Pools {
		at := path.Child("pools").Index(i)
		switch {
		case p.Name == "":
		case !zfsName.MatchString(p.Name):
			c.errorf(at.Child("name"), "%q is not the name of a ZFS pool: a letter, then letters, digits, dashes and underscores", p.Name)
		case zfsReserved.MatchString(p.Name):
			c.errorf(at.Child("name"), "%q begins with a word that ZFS keeps for itself (mirror, raidz, draid, spare, log, c0–c9)", p.Name)
		}
		if class := "zfs-" + p.Name; zfsName.MatchString(p.Name) && !isDomain(class) {
			c.errorf(at.Child("name"), "%q makes the storage class %q, which Kubernetes does not take: small letters, digits, dashes and dots", p.Name, class)
		}
		if key := p.Node + "/" + p.Name; p.Node != "" && p.Name != "" {
			if first, ok := seen[key]; ok {
				c.errorf(at.Child("name"), "%s is also pools[%d] of %s", p.Name, first, p.Node)
			}
			seen[key] = i
		}
		c.storageNode(at.Child("node"), p.Node, "ZFS volumes")
		for j, d := range p.Disks {
			place := at.Child("disks").Index(j)
			c.storageDisk(place, p.Node, d, useZFS)
			c.linkedDisk(place, d)
		}
		c.zfsLayout(at.Child("layout"), p)
	}
	c.schedules(path.Child("snapshotSchedules"), z.SnapshotSchedules)
}

func (c *checker) zfsLayout(path *field.Path, p ZFSPool) {
	least := map[ZFSLayout]int{ZFSMirror: 2, ZFSRaidZ1: 2, ZFSRaidZ2: 3, ZFSRaidZ3: 4}
	switch n := len(p.Disks); {
	case n == 0:
	case n < least[p.Layout]:
		c.errorf(path, "%s wants %d disks at least; the pool has %d", p.Layout, least[p.Layout], n)
	case p.Layout == ZFSStripe && n > 1:
		c.warnf(path, "a stripe over %d disks: losing any of them loses the pool", n)
	}
}

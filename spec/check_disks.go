package spec

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// placedDisk is one disk selector of the plan.
type placedDisk struct {
	path string
	node int
	sel  DiskSelector
	use  diskUse
}

type diskUse string

const (
	useInstall   diskUse = "Talos"
	useEphemeral diskUse = "the EPHEMERAL volume"
	useVolume    diskUse = "a user volume"
	useCeph      diskUse = "Ceph"
	useZFS       diskUse = "ZFS"
)

// exclusive reports whether the use takes the disk whole.
func (u diskUse) exclusive() bool { return u == useCeph || u == useZFS }

// The smallest disk that Talos installs on (https://www.talos.dev/latest/introduction/system-requirements/).
const smallestInstallDisk = Size(10e9)

// installDisks checks the disk that Talos is installed on.
func (c *checker) installDisks() {
	for i := range c.s.Nodes {
		n := &c.s.Nodes[i]
		p := fmt.Sprintf("nodes[%d].installDisk", i)
		if n.InstallDisk.IsZero() {
			if !c.anyBad(p) {
				c.errorf(p, "is missing; write for example { serial: S5GXNF0R123456A } (see `talosctl get disks`)")
			}
			continue
		}
		c.disk(p, i, n.InstallDisk, useInstall)
		d := n.InstallDisk
		if d.MinSize > 0 && d.MaxSize > 0 {
			c.errorf(p, "minSize and maxSize together cannot be told to Talos's installer, which compares the size once: keep one")
		}
		if d.MaxSize > 0 && d.MaxSize < smallestInstallDisk {
			c.errorf(p+".maxSize", "%s is too small: Talos wants a disk of %s at least", d.MaxSize, smallestInstallDisk)
		}
		if n.IsControlPlane() && (d.Type == DiskHDD || d.Type == DiskSD) {
			c.warnf(p+".type", "%s on a control plane: etcd waits for each write to reach the disk and needs a fast one (https://etcd.io/docs/latest/op-guide/hardware/#disks)", d.Type)
		}
	}
}

var (
	partitionPath = regexp.MustCompile(`^/dev/(?:(?:sd[a-z]+|vd[a-z]+|xvd[a-z]+)[0-9]+|(?:nvme[0-9]+n[0-9]+|mmcblk[0-9]+)p[0-9]+|disk/by-.*-part[0-9]+)$`)
	kernelName    = regexp.MustCompile(`^/dev/[a-z0-9]+$`)
)

// disk checks one selector by itself and notes it for the comparison with the others.
func (c *checker) disk(at string, node int, d DiskSelector, use diskUse) {
	c.disks = append(c.disks, placedDisk{at, node, d, use})
	if d.Path != "" {
		if (DiskSelector{Path: d.Path}) != d {
			c.errorf(at, "path names the disk already: drop the other keys, or the path")
		}
		c.diskPath(at+".path", d.Path, use)
	}
	if d.MinSize > 0 && d.MaxSize > 0 && d.MinSize > d.MaxSize {
		c.errorf(at+".minSize", "%s is more than maxSize (%s): no disk matches", d.MinSize, d.MaxSize)
	}
	if d.BusPath != "" && !strings.HasPrefix(d.BusPath, "/") && !strings.HasPrefix(d.BusPath, "*") {
		c.errorf(at+".busPath", "%q does not begin with a slash, as bus paths do: /pci0000:00/...", d.BusPath)
	}
	if d.Type == DiskNVMe && strings.HasPrefix(d.WWID, "naa.") {
		c.errorf(at, "type nvme and wwid %s contradict each other: naa. identifiers are those of SATA and SAS disks", d.WWID)
	}
	if use.exclusive() && !d.Names() {
		c.errorf(at, "could match several disks, and %s takes all of a disk: name it by serial, wwid or path", use)
	}
}

func (c *checker) diskPath(at, p string, use diskUse) {
	switch {
	case !strings.HasPrefix(p, "/dev/") || path.Clean(p) != p:
		c.errorf(at, "%q is not a device below /dev", p)
	case partitionPath.MatchString(p) && use != useCeph:
		c.errorf(at, "%s is a partition; give the whole disk", p)
	case kernelName.MatchString(p) && use.exclusive():
		c.warnf(at, "%s may be another disk after the next boot, and %s would take it: use serial, wwid or a path below /dev/disk/by-id", p, use)
	}
}

// diskClashes checks that no two uses meet on a disk, and no disk stands in two machines.
func (c *checker) diskClashes() {
	owners := map[string]placedDisk{}
	perNode := map[int][]placedDisk{}
	for _, d := range c.disks {
		perNode[d.node] = append(perNode[d.node], d)
		for kind, id := range map[string]string{"serial": d.sel.Serial, "wwid": d.sel.WWID} {
			if !exact(id) {
				continue
			}
			key := kind + " " + strings.ToLower(id)
			if first, ok := owners[key]; ok && first.node != d.node {
				c.errorf(d.path+"."+kind, "%s is also %s.%s, in another machine (%s)", id, first.path, kind, c.nodeName(first.node))
			} else if !ok {
				owners[key] = d
			}
		}
	}
	for node, ds := range perNode {
		if node < 0 {
			continue
		}
		for i, d := range ds {
			for _, before := range ds[:i] {
				c.twoUses(before, d)
			}
		}
		c.guessedInstall(ds)
	}
}

func (c *checker) nodeName(i int) string {
	if i < 0 || i >= len(c.s.Nodes) {
		return "?"
	}
	return c.s.Nodes[i].Name
}

// twoUses compares two selectors of one node.
func (c *checker) twoUses(a, b placedDisk) {
	if !a.use.exclusive() && !b.use.exclusive() {
		return
	}
	if same, by := sameDisk(a.sel, b.sel); same {
		c.errorf(b.path, "%s is also %s: %s and %s cannot share a disk", by, a.path, a.use, b.use)
	}
}

// guessedInstall refuses an install disk that is only described, on a node with other disks in the plan that
// the description may fit: Talos takes the first that does.
func (c *checker) guessedInstall(ds []placedDisk) {
	for _, install := range ds {
		if install.use != useInstall {
			continue
		}
		for _, other := range ds {
			if other.use == useInstall || other.use == useEphemeral {
				continue
			}
			if same, _ := sameDisk(install.sel, other.sel); same || other.sel.IsZero() {
				continue
			}
			switch {
			case install.sel.Names() && !kernelName.MatchString(install.sel.Path):
			case kernelName.MatchString(install.sel.Path):
				c.warnf(install.path+".path", "%s may be another disk after the next boot, such as that of %s: use serial, wwid or a path below /dev/disk/by-id", install.sel.Path, other.path)
				return
			case other.use.exclusive() && !apart(install.sel, other.sel):
				c.errorf(install.path, "may also match the disk of %s (%s), and Talos takes the first match: name the install disk by serial or wwid", other.path, other.use)
				return
			}
		}
	}
}

// sameDisk reports whether two selectors certainly name one disk, and by what.
func sameDisk(a, b DiskSelector) (bool, string) {
	switch {
	case a.Path != "" && a.Path == b.Path:
		return true, a.Path
	case exact(a.Serial) && strings.EqualFold(a.Serial, b.Serial):
		return true, "serial " + a.Serial
	case exact(a.WWID) && strings.EqualFold(a.WWID, b.WWID):
		return true, "wwid " + a.WWID
	case a.Path != "" && (containsID(a.Path, b.Serial) || containsID(a.Path, b.WWID)):
		return true, a.Path
	case b.Path != "" && (containsID(b.Path, a.Serial) || containsID(b.Path, a.WWID)):
		return true, b.Path
	}
	return false, ""
}

// containsID reports whether a link below /dev/disk/by-id carries the serial number or WWID.
func containsID(p, id string) bool {
	return exact(id) && len(id) > 5 && strings.HasPrefix(p, "/dev/disk/by-id/") && strings.Contains(strings.ToLower(p), strings.ToLower(id))
}

// apart reports whether two selectors certainly name different disks.
func apart(a, b DiskSelector) bool {
	different := func(x, y string) bool { return exact(x) && exact(y) && !strings.EqualFold(x, y) }
	kinds := a.Type != "" && b.Type != "" && a.Type != b.Type && !solid(a.Type, b.Type)
	sizes := a.MaxSize > 0 && b.MinSize > a.MaxSize || b.MaxSize > 0 && a.MinSize > b.MaxSize
	nvme := a.Type == DiskNVMe && strings.HasPrefix(b.WWID, "naa.") || a.Type == DiskHDD && strings.HasPrefix(b.WWID, "eui.")
	return different(a.Serial, b.Serial) || different(a.WWID, b.WWID) || different(a.Model, b.Model) ||
		different(a.BusPath, b.BusPath) || kinds || sizes || nvme
}

// solid reports whether the two kinds can mean one disk: Talos counts everything that does not rotate as ssd.
func solid(a, b DiskType) bool { return a != DiskHDD && b != DiskHDD && (a == DiskSSD || b == DiskSSD) }

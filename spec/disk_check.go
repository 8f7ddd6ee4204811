package spec

import (
	"path"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// placedDisk is one disk selector of the plan.
type placedDisk struct {
	path *field.Path
	node int
	sel  DiskSelector
	// match is the expression of one that is written as CEL instead.
	match string
	use   diskUse
}

// names reports whether it is one particular disk.
func (d placedDisk) names() bool { return d.match == "" && d.sel.Names() }

type diskUse string

const (
	useInstall   diskUse = "Talos"
	useEphemeral diskUse = "the EPHEMERAL volume"
	useVolume    diskUse = "a user volume"
	useRaw       diskUse = "a raw volume"
	// useWholeDisk is a user volume without a partition table.
	useWholeDisk diskUse = "a volume of type disk"
	useSwap      diskUse = "swap"
	useCeph      diskUse = "Ceph"
	useZFS       diskUse = "ZFS"
	// useMachineDisk is what machine.disks of a patch partitions.
	useMachineDisk diskUse = "machine.disks"
)

// exclusive reports whether the use takes the disk whole.
func (u diskUse) exclusive() bool {
	return u == useCeph || u == useZFS || u == useMachineDisk || u == useWholeDisk
}

// The smallest disk that Talos installs on (https://www.talos.dev/latest/introduction/system-requirements/).
const smallestInstallDisk = Size(10e9)

// installDisks checks the disk that Talos is installed on.
func (c *checker) installDisks() {
	for i := range c.s.Nodes {
		n := &c.s.Nodes[i]
		p := nodePath(i).Child("installDisk")
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
			c.errorf(p.Child("maxSize"), "%s is too small: Talos wants a disk of %s at least", d.MaxSize, smallestInstallDisk)
		}
		if n.IsControlPlane() && (d.Type == DiskHDD || d.Type == DiskSD) {
			c.warnf(p.Child("type"), "%s on a control plane: etcd waits for each write to reach the disk and needs a fast one (https://etcd.io/docs/latest/op-guide/hardware/#disks)", d.Type)
		}
	}
}

var (
	partitionPath = regexp.MustCompile(`^/dev/(?:(?:sd[a-z]+|vd[a-z]+|xvd[a-z]+)[0-9]+|(?:nvme[0-9]+n[0-9]+|mmcblk[0-9]+)p[0-9]+|disk/by-.*-part[0-9]+)$`)
	kernelName    = regexp.MustCompile(`^/dev/[a-z0-9]+$`)
)

// disk checks one selector by itself and notes it for the comparison with the others.
func (c *checker) disk(at *field.Path, node int, d DiskSelector, use diskUse) {
	c.disks = append(c.disks, placedDisk{path: at, node: node, sel: d, use: use})
	if d.Path != "" {
		if (DiskSelector{Path: d.Path}) != d {
			c.errorf(at, "path names the disk already: drop the other keys, or the path")
		}
		c.diskPath(at.Child("path"), d.Path, use)
	}
	if d.MinSize > 0 && d.MaxSize > 0 && d.MinSize > d.MaxSize {
		c.errorf(at.Child("minSize"), "%s is more than maxSize (%s): no disk matches", d.MinSize, d.MaxSize)
	}
	if d.BusPath != "" && !strings.HasPrefix(d.BusPath, "/") && !strings.HasPrefix(d.BusPath, "*") {
		c.errorf(at.Child("busPath"), "%q does not begin with a slash, as bus paths do: /pci0000:00/...", d.BusPath)
	}
	if d.Type == DiskNVMe && strings.HasPrefix(d.WWID, "naa.") {
		c.errorf(at, "type nvme and wwid %s contradict each other: naa. identifiers are those of SATA and SAS disks", d.WWID)
	}
	contradicts := d.MinSize > 0 && d.MaxSize > 0 && d.MinSize > d.MaxSize
	if !d.Names() && !contradicts && d.CEL() != "" && !c.matcher.Possible(d.CEL()) {
		c.errorf(at, "no disk matches: the keys contradict each other")
	}
	if use.exclusive() && !d.Names() {
		c.errorf(at, "could match several disks, and %s takes all of a disk: name it by serial, wwid or path", use)
	}
}

func (c *checker) diskPath(at *field.Path, p string, use diskUse) {
	switch {
	case !strings.HasPrefix(p, "/dev/") || path.Clean(p) != p:
		c.errorf(at, "%q is not a device below /dev", p)
	case partitionPath.MatchString(p) && use != useCeph:
		c.errorf(at, "%s is a partition; give the whole disk", p)
	case kernelName.MatchString(p) && use.exclusive():
		c.warnf(at, "%s may be another disk after the next boot, and %s would take it: use serial, wwid or a path below /dev/disk/by-id", p, use)
	}
}

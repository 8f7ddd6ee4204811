package spec

import (
	"fmt"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/home-ops/home-ops/spec/internal/diskmatch"
)

// https://github.com/siderolabs/talos/blob/v1.11.1/pkg/machinery/config/types/block/user_volume_config.go
var volumeName = regexp.MustCompile(volumeNameGrammar)

// volumes checks Talos's EPHEMERAL volume and the user volumes.
func (c *checker) volumes() {
	for i := range c.s.Nodes {
		n, at := &c.s.Nodes[i], nodePath(i)
		if e := n.EphemeralVolume; e != nil {
			p := at.Child("ephemeralVolume")
			c.sizes(p, e.MinSize, e.MaxSize)
			c.percent(p, e.MaxSize, e.MaxPercent)
			c.fits(p, e.Disk, e.MinSize)
			c.installDiskRoom(at, n)
			if e.MaxSize > 0 && e.MaxSize < smallestEphemeral {
				c.errorf(p.Child("maxSize"), "%s is less than the %s that Talos makes EPHEMERAL with at least", e.MaxSize, smallestEphemeral)
			}
			if !e.Disk.IsZero() {
				c.disk(p.Child("disk"), i, e.Disk, useEphemeral)
			}
			if e.Disk.IsZero() && e.MinSize == 0 && !e.Limited() && !c.anyBad(p, p.Child("maxPercent")) {
				c.errorf(p, "says nothing: give disk, minSize or maxSize")
			}
		}
		seen := map[string]int{}
		for j := range n.UserVolumes {
			v := &n.UserVolumes[j]
			p := at.Child("userVolumes").Index(j)
			c.userVolume(p, i, n, v)
			if first, ok := seen[v.Name]; ok && v.Name != "" {
				c.errorf(p.Child("name"), "%q is also the name of %s", v.Name, at.Child("userVolumes").Index(first))
			}
			seen[v.Name] = j
		}
		seenRaw := map[string]int{}
		for j, v := range n.RawVolumes {
			p := at.Child("rawVolumes").Index(j)
			c.rawVolume(p, i, n, v.Partition())
			if first, ok := seenRaw[v.Name]; ok && v.Name != "" {
				c.errorf(p.Child("name"), "%q is also the name of %s", v.Name, at.Child("rawVolumes").Index(first))
			}
			seenRaw[v.Name] = j
		}
		c.sharedDisks(at, n)
	}
}

// sharedDisks checks that of several partitions on one disk the first ones leave room for the others.
func (c *checker) sharedDisks(at *field.Path, n *Node) {
	type partition struct {
		path *field.Path
		v    UserVolume
	}
	var all []partition
	for j, v := range n.UserVolumes {
		if v.Type != VolumeDirectory {
			all = append(all, partition{at.Child("userVolumes").Index(j), v})
		}
	}
	for j, v := range n.RawVolumes {
		all = append(all, partition{at.Child("rawVolumes").Index(j), v.Partition()})
	}
	for i, second := range all {
		for _, first := range all[:i] {
			if first.v.Type == VolumeDisk || second.v.Type == VolumeDisk {
				continue // told as two uses of one disk
			}
			if same, by := sameDisk(first.v.Disk, second.v.Disk); same && !first.v.Limited() {
				c.errorf(first.path.Child("maxSize"), "is missing: without it the volume takes all of %s, and leaves nothing for volume %s", by, second.v.Name)
			}
		}
	}
}

func (c *checker) sizes(at *field.Path, low, high Size) {
	if low > 0 && high > 0 && low > high {
		c.errorf(at.Child("minSize"), "%s is more than maxSize (%s)", low, high)
	}
}

// relativeSizes is the first Talos that knows sizes in percent (https://github.com/siderolabs/talos/pull/12231).
const relativeSizes = Version("v1.12")

// percent checks a limit that is written as a part of the disk.
func (c *checker) percent(at *field.Path, most Size, percent int) {
	if percent == 0 {
		return
	}
	if most > 0 {
		c.errorf(at.Child("maxPercent"), "maxSize (%s) limits the volume already: keep one of the two", most)
	}
	talos, ok := c.s.Cluster.TalosVersion.parse()
	first, _ := relativeSizes.parse()
	if ok && talos.compareMinor(first) < 0 {
		c.errorf(at.Child("maxPercent"), "Talos %s (cluster.talosVersion) knows no sizes in percent, which %s brought: use maxSize", c.s.Cluster.TalosVersion, relativeSizes)
	}
}

// The least that Talos makes EPHEMERAL with
// (https://github.com/siderolabs/talos/blob/v1.11.1/internal/pkg/partition/constants.go), and that a file system is made in
// (https://man7.org/linux/man-pages/man8/mkfs.xfs.8.html).
const (
	smallestEphemeral = Size(2 << 30)
	smallestXFS       = Size(300 << 20)
)

// fits checks that a volume can be made on a disk that the selector allows.
func (c *checker) fits(at *field.Path, disk DiskSelector, low Size) {
	if disk.MaxSize > 0 && low > disk.MaxSize {
		c.errorf(at.Child("minSize"), "%s does not fit on a disk of at most %s (disk.maxSize)", low, disk.MaxSize)
	}
}

// installDiskRoom checks that what must lie on the install disk fits on the largest disk that it may be.
func (c *checker) installDiskRoom(at *field.Path, n *Node) {
	if n.EphemeralVolume == nil || !n.EphemeralVolume.Disk.IsZero() || n.InstallDisk.MaxSize == 0 {
		return
	}
	// EFI, BIOS, BOOT, META and STATE.
	total := Size(1300<<20) + max(n.EphemeralVolume.MinSize, smallestEphemeral)
	for _, v := range n.UserVolumes {
		if same, _ := sameDisk(n.InstallDisk, v.Disk); same {
			total += v.MinSize
		}
	}
	for _, v := range n.RawVolumes {
		if same, _ := sameDisk(n.InstallDisk, v.Disk); same {
			total += v.MinSize
		}
	}
	if total > n.InstallDisk.MaxSize {
		c.errorf(at.Child("ephemeralVolume", "minSize"), "%s with Talos's own partitions does not fit on an install disk of at most %s (installDisk.maxSize)", n.EphemeralVolume.MinSize, n.InstallDisk.MaxSize)
	}
}

// chosenVolumeType is the first Talos whose user volumes need not be partitions
// (https://github.com/siderolabs/talos/blob/v1.12.0/pkg/machinery/config/types/block/user_volume_config.go).
const chosenVolumeType = Version("v1.12")

func (c *checker) userVolume(at *field.Path, node int, n *Node, v *UserVolume) {
	c.volumeName(at, v.Name)
	talos := c.s.Cluster.TalosVersion
	if _, readable := talos.parse(); v.Type != VolumePartition && v.Type != "" && readable && !talos.Reaches(chosenVolumeType) {
		c.errorf(at.Child("type"), "Talos %s (cluster.talosVersion) makes partitions alone; %s brought the others", talos, chosenVolumeType)
	}
	switch v.Type {
	case VolumeDirectory:
		c.directory(at, v)
		return
	case VolumeDisk:
		c.wholeDisk(at, v)
		c.volumeDisk(at, node, v, useWholeDisk)
	default:
		c.partition(at, n, v)
		c.volumeDisk(at, node, v, useVolume)
	}
	if v.MaxSize > 0 && v.MaxSize < smallestXFS && v.Filesystem == "xfs" {
		c.errorf(at.Child("maxSize"), "%s is less than the %s that xfs can be made in: make it larger, or filesystem: ext4", v.MaxSize, smallestXFS)
	}
}

func (c *checker) rawVolume(at *field.Path, node int, n *Node, v UserVolume) {
	c.volumeName(at, v.Name)
	c.partition(at, n, &v)
	c.volumeDisk(at, node, &v, useRaw)
}

func (c *checker) volumeName(at *field.Path, name string) {
	if name != "" && !volumeName.MatchString(name) {
		c.errorf(at.Child("name"), "%q is not a volume name: 1 to 34 letters, digits and dashes", name)
	}
}

// directory checks a volume that is a folder: it has what EPHEMERAL has.
func (c *checker) directory(at *field.Path, v *UserVolume) {
	for _, given := range []struct {
		key string
		is  bool
	}{
		{"disk", !v.Disk.IsZero()},
		{"match", v.Match != ""},
		{"minSize", v.MinSize > 0},
		{"maxSize", v.MaxSize > 0},
		{"maxPercent", v.MaxPercent > 0},
		{"grow", v.Grow},
		{"encryption", v.Encryption != nil},
		{"filesystem", c.s.isSet(at.Child("filesystem"))},
	} {
		if given.is {
			c.errorf(at.Child(given.key), "has no effect on a directory, which lies on EPHEMERAL as that is")
		}
	}
}

// wholeDisk checks that nothing limits a volume that takes its disk as it is.
func (c *checker) wholeDisk(at *field.Path, v *UserVolume) {
	for _, given := range []struct {
		key string
		is  bool
	}{{"minSize", v.MinSize > 0}, {"maxSize", v.MaxSize > 0}, {"maxPercent", v.MaxPercent > 0}, {"grow", v.Grow}} {
		if given.is {
			c.errorf(at.Child(given.key), "has no effect on a volume of type disk, which takes the disk as it is")
		}
	}
}

// partition checks the size of a volume that is one, and that its disk has room for it.
func (c *checker) partition(at *field.Path, n *Node, v *UserVolume) {
	c.sizes(at, v.MinSize, v.MaxSize)
	c.percent(at, v.MaxSize, v.MaxPercent)
	c.fits(at, v.Disk, v.MinSize)
	if v.MinSize == 0 && !v.Limited() && !c.anyBad(at, at.Child("maxPercent")) {
		c.errorf(at, "has neither minSize nor maxSize; Talos wants one of them")
	}
	onInstallDisk := v.Match != "" && c.matcher.Possible(v.Match) && !c.matcher.Overlap(v.Match, "!system_disk", "")
	if same, _ := sameDisk(n.InstallDisk, v.Disk); same {
		onInstallDisk = true
	}
	if onInstallDisk && (n.EphemeralVolume == nil || !n.EphemeralVolume.Limited() && n.EphemeralVolume.Disk.IsZero()) {
		c.errorf(at, "lies on the install disk, all of which EPHEMERAL takes: set ephemeralVolume.maxSize, before the node is installed")
	}
}

// volumeDisk checks which disk holds a volume, and notes it for the comparison with the others.
func (c *checker) volumeDisk(at *field.Path, node int, v *UserVolume, use diskUse) {
	switch {
	case v.Disk.IsZero() && v.Match == "":
		if !c.anyBad(at, at.Child("disk")) {
			c.errorf(at, "has neither disk nor match: say which disk holds it")
		}
	case !v.Disk.IsZero() && v.Match != "":
		c.errorf(at, "disk and match both select the disk: keep one")
	case v.Match != "":
		if c.expression(at.Child("match"), v.Match) {
			c.disks = append(c.disks, placedDisk{path: at.Child("match"), node: node, match: v.Match, use: use})
		}
	default:
		c.disk(at.Child("disk"), node, v.Disk, use)
	}
}

var comparisons = strings.NewReplacer("==", "", "!=", "", "<=", "", ">=", "")

// expression finds the slips that make a CEL expression useless, and else says what Talos's compiler says.
func (c *checker) expression(at *field.Path, expr string) bool {
	if !strings.Contains(expr, "disk") {
		c.errorf(at, "%q does not look at disk or system_disk, and would match every disk or none", expr)
		return false
	}
	if slip := unbalanced(expr); slip != "" {
		c.errorf(at, "%q %s", expr, slip)
		return false
	}
	if strings.Contains(comparisons.Replace(unquotedText(expr)), "=") {
		c.errorf(at, "%q has a single =; CEL compares with ==", expr)
		return false
	}
	if err := diskmatch.Check(expr); err != nil {
		c.errorf(at, "Talos cannot read %q: %s", expr, err)
		return false
	}
	if !c.matcher.Possible(expr) {
		c.errorf(at, "%q matches no disk: its parts contradict each other", expr)
		return false
	}
	return true
}

// unbalanced tells of brackets and texts that do not end, which the compiler tells of at another place.
func unbalanced(expr string) string {
	var open []rune
	quote := rune(0)
	pairs := map[rune]rune{')': '(', ']': '['}
	for _, r := range expr {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case r == '(' || r == '[':
			open = append(open, r)
		case r == ')' || r == ']':
			if len(open) == 0 || open[len(open)-1] != pairs[r] {
				return fmt.Sprintf("has a %q too many", r)
			}
			open = open[:len(open)-1]
		}
	}
	switch {
	case quote != 0:
		return fmt.Sprintf("has text in %q that does not end", quote)
	case len(open) > 0:
		return fmt.Sprintf("has a %q that is not closed", open[len(open)-1])
	}
	return ""
}

var quotedText = regexp.MustCompile(`"[^"]*"|'[^']*'`)

func unquotedText(expr string) string { return quotedText.ReplaceAllString(expr, "''") }

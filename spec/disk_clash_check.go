package spec

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// diskClashes checks that no two uses meet on a disk, and no disk stands in two machines.
func (c *checker) diskClashes() {
	owners := map[string]placedDisk{}
	perNode := map[int][]placedDisk{}
	for _, d := range c.disks {
		perNode[d.node] = append(perNode[d.node], d)
		for _, id := range d.identities() {
			if first, ok := owners[id.id]; ok && first.node != d.node {
				c.errorf(d.path.Child(id.key), "%s is also %s, in another machine (%s)", id.shown, first.path.Child(id.key), c.nodeName(first.node))
			} else if !ok {
				owners[id.id] = d
			}
		}
	}
	told := map[string]bool{}
	for _, node := range slices.Sorted(maps.Keys(perNode)) {
		ds := perNode[node]
		if node < 0 {
			continue
		}
		for i, d := range ds {
			for _, before := range ds[:i] {
				c.twoUses(before, d, ds, told)
			}
		}
		c.renamedInstall(ds)
	}
}

// identity is what tells one disk from every other in the world.
type identity struct{ key, id, shown string }

func (d placedDisk) identities() []identity {
	var out []identity
	if exact(d.sel.Serial) {
		out = append(out, identity{"serial", "serial " + strings.ToLower(d.sel.Serial), d.sel.Serial})
	}
	if exact(d.sel.WWID) {
		out = append(out, identity{"wwid", "wwid " + strings.ToLower(d.sel.WWID), d.sel.WWID})
	}
	if strings.HasPrefix(d.sel.Path, byID) && !placeholderLink.MatchString(d.sel.Path) {
		out = append(out, identity{"path", "path " + d.sel.Path, d.sel.Path})
	}
	return out
}

// placeholderLink are links that virtual machines of one kind all have.
var placeholderLink = regexp.MustCompile(`^/dev/disk/by-id/(scsi-0QEMU_QEMU_HARDDISK_drive-|virtio-disk|ata-QEMU_HARDDISK_QM)`)

func (c *checker) nodeName(i int) string {
	if i < 0 || i >= len(c.s.Nodes) {
		return "?"
	}
	return c.s.Nodes[i].Name
}

// twoUses compares two uses of disks of one node, of which one takes its disk whole. What may be one disk is told once
// of each description, also of one that all nodes have.
func (c *checker) twoUses(a, b placedDisk, all []placedDisk, told map[string]bool) {
	if !a.use.exclusive() && !b.use.exclusive() {
		return
	}
	if same, by := sameDisk(a.sel, b.sel); same {
		c.errorf(b.path, "%s is also %s: %s and %s cannot share a disk", by, a.path, a.use, b.use)
		return
	}
	guess, owner := a, b
	if guess.names() {
		guess, owner = b, a
	}
	// A description that several disks match was told already, where the whole of a disk is taken.
	if guess.names() || guess.use.exclusive() && guess.match == "" || told[c.s.origin(guess.path)] || !c.overlap(a, b, all) {
		return
	}
	told[c.s.origin(guess.path)] = true
	switch {
	case guess.use == useInstall:
		c.errorf(guess.path, "may also match the disk of %s (%s), and Talos takes the first match: name the install disk by serial or wwid", owner.path, owner.use)
	case guess.match != "":
		c.errorf(guess.path, "may also match the disk of %s (%s), which %s takes whole: exclude it, or name the disk", owner.path, shown(owner), owner.use)
	default:
		c.errorf(guess.path, "may also match the disk of %s (%s), which %s takes whole: name the disk by serial or wwid", owner.path, shown(owner), owner.use)
	}
}

// shown is what a named disk is named by.
func shown(d placedDisk) string {
	for _, text := range []string{d.sel.Path, d.sel.Serial, d.sel.WWID} {
		if text != "" {
			return text
		}
	}
	return string(d.use)
}

// overlap asks Talos's evaluator whether two uses could choose one disk. Two names are of two disks, unless they are
// certainly one.
func (c *checker) overlap(a, b placedDisk, all []placedDisk) bool {
	if a.names() && b.names() {
		return false
	}
	exprA, exprB := c.seenBy(a, b), c.seenBy(b, a)
	install := ""
	if c.matcher.Uses(exprA, "system_disk") || c.matcher.Uses(exprB, "system_disk") {
		for _, d := range all {
			if d.use == useInstall {
				install = orTrue(c.seenBy(d, a, b))
			}
		}
	}
	return c.matcher.Overlap(orTrue(exprA), orTrue(exprB), install)
}

func orTrue(expression string) string {
	if expression == "" {
		return "true"
	}
	return expression
}

// seenBy is the expression of a disk as far as the others look at it: the nodes of a cluster then ask the same
// questions, though each has serial numbers of its own.
func (c *checker) seenBy(d placedDisk, others ...placedDisk) string {
	if d.match != "" {
		return d.match
	}
	uses := func(property string) bool {
		for _, o := range others {
			if c.looksAt(o, property) {
				return true
			}
		}
		return false
	}
	sel := d.sel
	if sel.Names() {
		links := uses("symlinks")
		if !uses("serial") && !links && exact(sel.Serial) {
			sel.Serial = ""
		}
		if kind, _, ok := strings.Cut(sel.WWID, "."); ok && !uses("wwid") && !links && exact(sel.WWID) {
			sel.WWID = kind + ".X"
		}
		if rest, ok := strings.CutPrefix(sel.Path, byID); ok && !uses("serial") && !uses("wwid") && !links {
			if i := strings.LastIndex(rest, "_"); i > 0 {
				sel.Path = byID + rest[:i] + "_X"
			}
		}
	}
	expression := sel.CEL()
	if d.use == useInstall {
		return strings.TrimPrefix(expression+" && system_disk", " && ")
	}
	return expression
}

// looksAt reports whether a use chooses its disk by a property. What a selector looks at is plain to see.
func (c *checker) looksAt(d placedDisk, property string) bool {
	switch {
	case d.match != "":
		return c.matcher.Uses(d.match, property)
	case property == "serial":
		return d.sel.Serial != ""
	case property == "wwid":
		return d.sel.WWID != ""
	case property == "symlinks":
		return strings.HasPrefix(d.sel.Path, "/dev/disk/")
	}
	return false
}

// renamedInstall warns of an install disk by a name that the kernel may give to another disk of the plan.
func (c *checker) renamedInstall(ds []placedDisk) {
	for _, install := range ds {
		if install.use != useInstall || !kernelName.MatchString(install.sel.Path) {
			continue
		}
		for _, other := range ds {
			if other.use == useInstall || other.use == useEphemeral || other.match != "" || other.sel.IsZero() {
				continue
			}
			if same, _ := sameDisk(install.sel, other.sel); !same {
				c.warnf(install.path.Child("path"), "%s may be another disk after the next boot, such as that of %s: use serial, wwid or a path below /dev/disk/by-id", install.sel.Path, other.path)
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

// containsID reports whether a link below /dev/disk/by-id carries the serial number or WWID. The kernel's naa.5000... is
// wwn-0x5000... in a link.
func containsID(p, id string) bool {
	p, id = strings.ToLower(p), strings.ToLower(id)
	if wwn, ok := strings.CutPrefix(id, "naa."); ok && exact(wwn) {
		return p == byID+"wwn-0x"+wwn
	}
	return exact(id) && len(id) > 5 && strings.HasPrefix(p, byID) && strings.Contains(p, id)
}

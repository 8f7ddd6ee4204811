package spec

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// cephPatterns holds the disks that Ceph takes by pattern against every other use of a disk of the same node. It comes
// when all uses are known.
func (c *checker) cephPatterns() {
	ce := c.s.Storage.RookCeph
	if ce == nil {
		return
	}
	first := map[DiskPattern]*field.Path{}
	possible := map[DiskPattern][]string{}
	var order []DiskPattern
	for i, n := range ce.Nodes {
		seen := map[DiskPattern]int{}
		for j, p := range n.Matching {
			at := field.NewPath("storage", "rookCeph", "nodes").Index(i).Child("matching").Index(j)
			if before, ok := seen[p]; ok {
				c.errorf(at, "%s is already matching[%d]", p, before)
				continue
			}
			seen[p] = j
			if !c.patternOfDisks(at, p) {
				continue
			}
			if _, ok := first[p]; !ok {
				first[p] = at
				order = append(order, p)
			}
			possible[p] = append(possible[p], c.patternUses(at, p, c.nodeIndex(n.Name))...)
		}
	}
	for _, p := range order {
		if who := possible[p]; len(who) > 0 {
			c.warnf(first[p], "%s may match the disk of %s too: Rook leaves alone what has partitions or a file system, so it must be laid out first; a model or a path below /dev/disk/by-id there tells them apart", p, some(who))
		}
	}
}

// patternOfDisks refuses a pattern that also matches the links of partitions.
func (c *checker) patternOfDisks(at *field.Path, p DiskPattern) bool {
	dash := strings.LastIndex(string(p), "-")
	if star := strings.LastIndex(string(p), "*"); star < dash {
		return true
	}
	if DiskPattern("/" + p[dash+1:]).Matches("/part1") {
		c.errorf(at, "%s also matches the links of partitions, which end with -part1: write more of what follows the last dash", p)
		return false
	}
	return true
}

// patternUses refuses what certainly or by its description is one disk with what the pattern matches, and returns the
// uses of which only their owner knows.
func (c *checker) patternUses(at *field.Path, p DiskPattern, node int) []string {
	var possible []string
	for _, d := range c.disks {
		if d.node != node || node < 0 {
			continue
		}
		switch {
		case d.use == useCeph:
			if p.Matches(d.sel.Path) {
				c.errorf(d.path.Child("path"), "%s also matches %s: keep one of the two", d.sel.Path, at)
			}
		case strings.HasPrefix(d.sel.Path, byID) && strings.HasPrefix(string(p), byID):
			if p.Matches(d.sel.Path) {
				c.errorf(at, "%s also matches %s (%s): Ceph and %s cannot share a disk", p, d.path, d.sel.Path, d.use)
			}
		case d.names():
			if c.mayMatch(p, d) {
				possible = append(possible, fmt.Sprintf("%s (%s)", d.path, shown(d)))
			}
		case c.mayMatch(p, d):
			c.errorf(at, "%s may also match the disk of %s, and Ceph and %s cannot share a disk: exclude it there, or name its disk", p, d.path, d.use)
		}
	}
	return possible
}

// mayMatch asks Talos's evaluator whether a disk with a link of that form could be the one of d.
func (c *checker) mayMatch(p DiskPattern, d placedDisk) bool {
	if d.match == "" && d.sel.Path != "" || d.sel.WWID != "" || !strings.HasPrefix(string(p), byID) {
		return true // other links than those of the pattern lead there
	}
	expression := orTrue(d.match)
	texts := []string{"X1"}
	if d.match == "" {
		expression = orTrue(d.sel.CEL())
		if serial := linkText(strings.NewReplacer("*", "", "?", "").Replace(d.sel.Serial)); serial != "" {
			texts = append(texts, serial, "X_"+serial)
		}
	}
	if d.use != useInstall {
		expression += " && !system_disk"
	}
	return slices.ContainsFunc(texts, func(text string) bool {
		return c.matcher.Overlap(fmt.Sprintf("%q in disk.symlinks", p.With(text)), expression, "")
	})
}

package spec

import (
	"fmt"
	"regexp"
	"strings"
)

// https://github.com/siderolabs/talos/blob/v1.11.1/pkg/machinery/config/types/block/user_volume_config.go
var volumeName = regexp.MustCompile(`^[a-zA-Z0-9-]{1,34}$`)

// volumes checks Talos's EPHEMERAL volume and the user volumes.
func (c *checker) volumes() {
	for i := range c.s.Nodes {
		n, at := &c.s.Nodes[i], fmt.Sprintf("nodes[%d]", i)
		if e := n.EphemeralVolume; e != nil {
			p := at + ".ephemeralVolume"
			c.sizes(p, e.MinSize, e.MaxSize)
			if !e.Disk.IsZero() {
				c.disk(p+".disk", i, e.Disk, useEphemeral)
			}
			if e.Disk.IsZero() && e.MinSize == 0 && e.MaxSize == 0 && !c.anyBad(p) {
				c.errorf(p, "says nothing: give disk, minSize or maxSize")
			}
		}
		seen := map[string]int{}
		for j := range n.UserVolumes {
			v := &n.UserVolumes[j]
			p := fmt.Sprintf("%s.userVolumes[%d]", at, j)
			c.userVolume(p, i, n, v)
			if first, ok := seen[v.Name]; ok && v.Name != "" {
				c.errorf(p+".name", "%q is also the name of %s.userVolumes[%d]", v.Name, at, first)
			}
			seen[v.Name] = j
			for k := range n.UserVolumes[:j] {
				before := &n.UserVolumes[k]
				if same, by := sameDisk(before.Disk, v.Disk); same && before.MaxSize == 0 {
					c.errorf(fmt.Sprintf("%s.userVolumes[%d].maxSize", at, k), "is missing: without it the volume takes all of %s, and leaves nothing for volume %s", by, v.Name)
				}
			}
		}
	}
}

func (c *checker) sizes(at string, low, high Size) {
	if low > 0 && high > 0 && low > high {
		c.errorf(at+".minSize", "%s is more than maxSize (%s)", low, high)
	}
}

func (c *checker) userVolume(at string, node int, n *Node, v *UserVolume) {
	if v.Name != "" && !volumeName.MatchString(v.Name) {
		c.errorf(at+".name", "%q is not a volume name: 1 to 34 letters, digits and dashes", v.Name)
	}
	c.sizes(at, v.MinSize, v.MaxSize)
	if v.MinSize == 0 && v.MaxSize == 0 && !c.anyBad(at) {
		c.errorf(at, "has neither minSize nor maxSize; Talos wants one of them")
	}
	switch {
	case v.Disk.IsZero() && v.Match == "":
		if !c.anyBad(at, at+".disk") {
			c.errorf(at, "has neither disk nor match: say which disk holds it")
		}
	case !v.Disk.IsZero() && v.Match != "":
		c.errorf(at, "disk and match both select the disk: keep one")
	case v.Match != "":
		c.expression(at+".match", v.Match)
	default:
		c.disk(at+".disk", node, v.Disk, useVolume)
	}
	onInstallDisk := v.Match != "" && celSystemDisk(v.Match)
	if same, _ := sameDisk(n.InstallDisk, v.Disk); same {
		onInstallDisk = true
	}
	if onInstallDisk && (n.EphemeralVolume == nil || n.EphemeralVolume.MaxSize == 0 && n.EphemeralVolume.Disk.IsZero()) {
		c.errorf(at, "lies on the install disk, all of which EPHEMERAL takes: set ephemeralVolume.maxSize, before the node is installed")
	}
}

// celSystemDisk reports whether an expression asks for the install disk, rather than against it.
func celSystemDisk(expr string) bool {
	stripped := strings.ReplaceAll(expr, " ", "")
	return strings.Contains(stripped, "system_disk") && !strings.Contains(stripped, "!system_disk") && !strings.Contains(stripped, "system_disk==false")
}

var comparisons = strings.NewReplacer("==", "", "!=", "", "<=", "", ">=", "")

// expression finds the slips that make a CEL expression unreadable; Talos checks the rest.
func (c *checker) expression(at, expr string) {
	if !strings.Contains(expr, "disk") {
		c.errorf(at, "%q does not look at disk or system_disk, and would match every disk or none", expr)
		return
	}
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
				c.errorf(at, "%q has a %q too many", expr, r)
				return
			}
			open = open[:len(open)-1]
		}
	}
	switch {
	case quote != 0:
		c.errorf(at, "%q has text in %q that does not end", expr, quote)
	case len(open) > 0:
		c.errorf(at, "%q has a %q that is not closed", expr, open[len(open)-1])
	case strings.Contains(comparisons.Replace(expr), "="):
		c.errorf(at, "%q has a single =; CEL compares with ==", expr)
	}
}

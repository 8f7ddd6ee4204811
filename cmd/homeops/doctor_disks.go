package main

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/home-ops/home-ops/cmd/homeops/doctor"
	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/spec"
)

// patternsOf are the links by which Ceph takes disks of a node.
func patternsOf(stack *spec.Stack, node spec.Node) []spec.DiskPattern {
	var patterns []spec.DiskPattern
	if ceph := stack.Storage.RookCeph; ceph != nil {
		for _, n := range ceph.Nodes {
			if n.Name == node.Name {
				patterns = append(patterns, n.Matching...)
			}
		}
	}
	return patterns
}

// patternChecks show which disks of a machine each pattern matches: the stack file does not say it, and Rook takes all of
// them that are empty.
func patternChecks(node spec.Node, patterns []spec.DiskPattern, disks []discover.Disk, err error) []doctor.Check {
	var checks []doctor.Check
	for _, p := range patterns {
		c := doctor.Check{Name: "Ceph's disks of " + node.Name, Verdict: doctor.OK}
		var matched, installed []string
		for _, d := range disks {
			if !slices.ContainsFunc(d.Links, p.Matches) {
				continue
			}
			text := fmt.Sprintf("%s (%s, serial %s)", d.Path, d.Model, d.Serial)
			matched = append(matched, text)
			i := node.InstallDisk
			if i.Path != "" && (i.Path == d.Path || slices.Contains(d.Links, i.Path)) || i.Serial != "" && i.Serial == d.Serial || i.WWID != "" && i.WWID == d.WWID {
				installed = append(installed, text)
			}
		}
		switch {
		case err != nil:
			c.Verdict, c.Detail = doctor.Warning, fmt.Sprintf("what %s matches is not known: %s", p, err)
			c.Do = fmt.Sprintf("talosctl --nodes %s get disks", node.Address)
		case len(installed) > 0:
			c.Verdict, c.Detail = doctor.Problem, fmt.Sprintf("%s matches the install disk %s", p, strings.Join(installed, ", "))
			c.Do = "write more of the link in storage.rookCeph.nodes"
		case len(matched) == 0:
			c.Verdict, c.Detail = doctor.Warning, fmt.Sprintf("%s matches none of %d disks", p, len(disks))
			c.Do = fmt.Sprintf("compare it with the links of `talosctl --nodes %s get disks -o yaml`", node.Address)
		default:
			c.Detail = fmt.Sprintf("%s matches %s", p, strings.Join(matched, ", "))
		}
		checks = append(checks, c)
	}
	return checks
}

// poolChecks show how the ZFS pools of a machine are. Kubernetes is not told: ZFS LocalPV says which pools there are, and of none how it
// is. The machine's kernel has a file for each, which the node exporter reads for the alert, too.
func poolChecks(stack *spec.Stack, node spec.Node, read func(file string) ([]byte, error)) []doctor.Check {
	if stack.Storage.ZFS == nil {
		return nil
	}
	var checks []doctor.Check
	for _, pool := range stack.Storage.ZFS.Pools {
		if pool.Node != node.Name {
			continue
		}
		c := doctor.Check{Name: "ZFS pool " + pool.Name + " of " + node.Name, Verdict: doctor.Problem}
		said, err := read("/proc/spl/kstat/zfs/" + pool.Name + "/state")
		switch state := strings.TrimSpace(string(said)); {
		// Earlier releases of Talos say it in words alone.
		case status.Code(err) == codes.NotFound || err != nil && strings.Contains(err.Error(), "no such file or directory"):
			c.Detail, c.Do = "is not there", "docs/runbooks/alerts/ZFSPoolNotOnline.md"
		case err != nil:
			c.Verdict, c.Detail = doctor.Warning, "how it is, is not known: "+err.Error()
			c.Do = fmt.Sprintf("talosctl --nodes %s read /proc/spl/kstat/zfs/%s/state", node.Address, pool.Name)
		case state == "ONLINE":
			c.Verdict, c.Detail = doctor.OK, state
		default:
			c.Detail, c.Do = "is "+state, "`zpool status` on the machine names the disk: docs/runbooks/replace-disk.md"
		}
		checks = append(checks, c)
	}
	return checks
}

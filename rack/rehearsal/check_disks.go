package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/rack/addons/rook"
	"github.com/home-ops/home-ops/rack/addons/zfs"
	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/spec"
)

// cephSelects are a node's selectors of disks for Ceph.
func (r *rehearsal) cephSelects(node string) []spec.DiskSelector {
	var all []spec.DiskSelector
	for _, n := range r.stack.Storage.RookCeph.Nodes {
		if n.Name == node {
			all = append(all, n.Disks...)
			for _, pattern := range n.Matching {
				all = append(all, spec.DiskSelector{Path: string(pattern)})
			}
		}
	}
	return all
}

func isOSD(content string) bool {
	_, ok := rook.OSD(content)
	return ok
}

// checkZFS looks whether each pool is on the disks that the stack file names, and on no other.
func (r *rehearsal) checkZFS(ctx context.Context, _ *cluster) (string, error) {
	if r.stack.Storage.ZFS == nil {
		return "", skipped("the stack has none")
	}
	pools := r.stack.Storage.ZFS.Pools
	named := func(pool string) bool {
		return slices.ContainsFunc(pools, func(p spec.ZFSPool) bool { return p.Name == pool })
	}
	err := until(ctx, func(context.Context) error {
		errs := r.onNamedDisks(func(string) []spec.DiskSelector { return nil }, func(content string) bool {
			pool, ok := zfs.PoolOn(content)
			return ok && !named(pool)
		})
		for _, p := range pools {
			errs = append(errs, r.onNamedDisks(func(node string) []spec.DiskSelector {
				var all []spec.DiskSelector
				for _, same := range pools {
					if same.Name == p.Name && same.Node == node {
						all = append(all, same.Disks...)
					}
				}
				return all
			}, func(content string) bool {
				pool, ok := zfs.PoolOn(content)
				return ok && pool == p.Name
			})...)
		}
		return errors.Join(errs...)
	})
	return fmt.Sprintf("%d pools", len(pools)), err
}

// onNamedDisks looks at what is on the machines' disks. It names each disk whose content is one that is looked for and that no selector
// of its node names, and each selector of which no disk has it.
func (r *rehearsal) onNamedDisks(selectors func(node string) []spec.DiskSelector, has func(content string) bool) []error {
	var errs []error
	for _, m := range r.rack.nodes {
		unused := selectors(m.spec.Name)
		wanted := slices.Clone(unused)
		for _, disk := range m.Disks() {
			content, err := m.Content(disk.Path)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			if !has(content) {
				continue
			}
			if !slices.ContainsFunc(wanted, func(s spec.DiskSelector) bool { return selects(s, disk) }) {
				first, _, _ := strings.Cut(content, "\n")
				errs = append(errs, fmt.Errorf("%s: %s %s has %q, and the stack file does not name it", m.spec.Name, disk.Path, disk.Serial, first))
			}
			unused = slices.DeleteFunc(unused, func(s spec.DiskSelector) bool { return selects(s, disk) })
		}
		for _, s := range unused {
			errs = append(errs, fmt.Errorf("%s: no disk that is named by %s is used", m.spec.Name, s.CEL()))
		}
	}
	return errs
}

// selects reports whether a selector means the disk, by what the disk tells of itself.
func selects(s spec.DiskSelector, d node.Disk) bool {
	// Disks that do not rotate are of both types.
	ofType := s.Type == "" || string(s.Type) == string(d.Type) || s.Type == spec.DiskSSD && d.Type == node.DiskNVMe
	return (s.Path == "" || slices.ContainsFunc(append(slices.Clone(d.Symlinks), d.Path), func(name string) bool { return resembles(s.Path, name) })) &&
		resembles(s.Serial, d.Serial) && resembles(s.WWID, d.WWID) && resembles(s.Model, d.Model) && resembles(s.BusPath, d.BusPath) && ofType &&
		d.Size >= uint64(s.MinSize) && (s.MaxSize == 0 || d.Size <= uint64(s.MaxSize))
}

// resembles compares with a pattern in which "*" stands for any characters. An empty one resembles everything.
func resembles(pattern, text string) bool {
	return pattern == "" || regexp.MustCompile("^"+strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")+"$").MatchString(text)
}

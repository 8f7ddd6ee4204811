package spec

import (
	"fmt"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// keptPool is why a pool stays as it was made.
const keptPool = "how a pool keeps its data is decided when it is made; add another pool to storage.rookCeph.pools, and move the volumes there"

// cephPools judges what changes of the pools that hold data.
func (c *change) cephPools(was, is *RookCeph) {
	if was.FailureDomain != is.FailureDomain {
		c.announce(field.NewPath("storage", "rookCeph", "failureDomain"), "%s instead of %s: Ceph moves the copies of all data to where they are then kept apart", is.FailureDomain, was.FailureDomain)
	}
	if was.MonitorVolume != is.MonitorVolume {
		c.refuse(field.NewPath("storage", "rookCeph", "monitorVolume"), "%s cannot become %s: the monitors would find nothing there, and Ceph's disks are worth nothing without what they know. "+
			"It is chosen when Ceph is made", was.DataDir(), is.DataDir())
	}
	c.cephCopies(field.NewPath("storage", "rookCeph", "replicas"), was.Replicas, is.Replicas)
	for _, p := range []struct {
		key     string
		was, is CephPool
	}{{"block", was.Block, is.Block}, {"filesystem", was.Filesystem, is.Filesystem}, {"objectStore", was.ObjectStore, is.ObjectStore}} {
		at := field.NewPath("storage", "rookCeph", p.key)
		switch {
		case p.was.Enabled && !p.is.Enabled:
			c.announce(at.Child("enabled"), "the pool and its class leave, and volumes in it are served no more: move their data first")
		case p.was.Enabled:
			c.cephPool(at, p.was, p.is, was.Replicas, is.Replicas)
		}
	}
	c.furtherPools(was, is)
}

// cephCopies announces what another number of copies does.
func (c *change) cephCopies(at *field.Path, was, is int) {
	if was != is {
		c.announce(at, "%s instead of %d: Ceph copies or removes data until each piece has so many", plural(is, "copy", "copies"), was)
	}
}

// cephPool judges a pool that stays; usual is the number of copies of the pools that say none.
func (c *change) cephPool(at *field.Path, was, is CephPool, usual, usualNow int) {
	if !reflect.DeepEqual(was.ErasureCoding, is.ErasureCoding) {
		c.refuse(at.Child("erasureCoding"), "%s cannot become %s: %s", chunks(was.ErasureCoding), chunks(is.ErasureCoding), keptPool)
	}
	// Told already of all pools that follow the usual number.
	if was.Replicas != usual || is.Replicas != usualNow {
		c.cephCopies(at.Child("replicas"), was.Replicas, is.Replicas)
	}
	if was.DeviceClass != is.DeviceClass {
		c.announce(at.Child("deviceClass"), "all of the pool's data move to disks of another kind")
	}
}

// chunks says how a pool keeps data.
func chunks(e *CephErasureCoding) string {
	if e == nil {
		return "whole copies"
	}
	return fmt.Sprintf("%d and %d chunks", e.DataChunks, e.CodingChunks)
}

func (c *change) furtherPools(from, to *RookCeph) {
	was, is := from.Pools, to.Pools
	for _, p := range was {
		i := slices.IndexFunc(is, func(o CephExtraPool) bool { return o.Name == p.Name })
		if i < 0 {
			c.announce(field.NewPath("storage", "rookCeph", "pools"), "pool %s and its class leave, and volumes in it are served no more: move their data first", p.Name)
			continue
		}
		at := field.NewPath("storage", "rookCeph", "pools").Index(i)
		if p.Kind != is[i].Kind {
			c.refuse(at.Child("kind"), "%s cannot become %s: %s", p.Kind, is[i].Kind, keptPool)
			continue
		}
		c.cephPool(at, p.Pool(), is[i].Pool(), from.Replicas, to.Replicas)
	}
	// A file system takes further pools at its end alone (https://docs.ceph.com/en/latest/cephfs/createfs/).
	before := ofFilesystem(was)
	after := slices.DeleteFunc(ofFilesystem(is), func(name string) bool {
		// One of another kind was told already.
		return !slices.Contains(before, name) && slices.ContainsFunc(was, func(p CephExtraPool) bool { return p.Name == name })
	})
	kept := slices.DeleteFunc(slices.Clone(before), func(name string) bool { return !slices.Contains(after, name) })
	if len(after) >= len(kept) && !slices.Equal(after[:len(kept)], kept) {
		c.refuse(field.NewPath("storage", "rookCeph", "pools"), "the file system has its pools in the order %s, and takes further ones at the end alone: write new ones behind them", quoted(kept))
	}
}

func ofFilesystem(pools []CephExtraPool) []string {
	var names []string
	for _, p := range pools {
		if p.Kind == CephPoolFilesystem {
			names = append(names, p.Name)
		}
	}
	return names
}

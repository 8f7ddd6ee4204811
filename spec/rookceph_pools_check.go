package spec

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// cephPools checks the further pools.
func (c *checker) cephPools(path *field.Path, ce *RookCeph) {
	for key, p := range map[string]CephPool{"block": ce.Block, "filesystem": ce.Filesystem} {
		if p.ErasureCoding != nil {
			c.errorf(field.NewPath("storage", "rookCeph", key, "erasureCoding"), "the first pool holds what erasure coding cannot keep: add a further one to storage.rookCeph.pools")
		}
	}
	seen := map[string]int{}
	for i, p := range ce.Pools {
		at := path.Index(i)
		c.label(at.Child("name"), p.Name)
		if first, ok := seen[p.Name]; ok && p.Name != "" {
			c.errorf(at.Child("name"), "%q is already pools[%d]", p.Name, first)
		}
		seen[p.Name] = i
		// Classes of the built-in pools, and pools that a file system has by itself.
		taken := []string{"block", "filesystem", "bucket"}
		if p.Kind == CephPoolFilesystem {
			taken = append(taken, "data0", "metadata")
			if !ce.Filesystem.Enabled {
				c.errorf(at.Child("kind"), "the pool would belong to the file system, and filesystem.enabled is false")
			}
		}
		if slices.Contains(taken, p.Name) {
			c.errorf(at.Child("name"), "%q is the name of a pool or class that Ceph has already", p.Name)
		}
		if p.ErasureCoding != nil && p.Kind == CephPoolFilesystem && c.s.isSet(at.Child("replicas")) {
			c.errorf(at.Child("replicas"), "has no effect beside erasureCoding: the file system's metadata have the replicas of storage.rookCeph.filesystem")
		} else if p.Replicas != ce.Replicas {
			c.cephCopies(at.Child("replicas"), p.Replicas, ce)
		}
		c.cephCoding(at.Child("erasureCoding"), p.ErasureCoding, ce)
	}
}

// cephCoding checks that each chunk has a place of its own.
func (c *checker) cephCoding(path *field.Path, e *CephErasureCoding, ce *RookCeph) {
	if e == nil || e.DataChunks <= 0 || e.CodingChunks <= 0 {
		return
	}
	places := map[CephFailureDomain]string{CephHost: "nodes", CephOSD: "disks"}[ce.FailureDomain]
	switch chunks := e.DataChunks + e.CodingChunks; {
	case ce.FailureDomain == CephOSD && !ce.Counted():
	case chunks > ce.Domains():
		c.errorf(path, "%d and %d chunks cannot lie on different %s, of which %d store data: nothing could ever be written", e.DataChunks, e.CodingChunks, places, ce.Domains())
	case e.CodingChunks == 1:
		c.warnf(path, "one coding chunk: while one of the %s is away a second fault loses data; two are usual", places)
	case chunks == ce.Domains():
		c.warnf(path, "%d and %d chunks take all %d %s that store data: a lost chunk cannot be made anew until its place is back", e.DataChunks, e.CodingChunks, chunks, places)
	}
}

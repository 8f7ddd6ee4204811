package rook

import (
	storagev1 "k8s.io/api/storage/v1"

	"github.com/home-ops/home-ops/components/rook/rookio"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// dataPools are those of the file system. Its first one holds where every file is, which erasure coding cannot keep;
// Ceph takes further ones at the end alone
// (https://docs.ceph.com/en/latest/cephfs/createfs/#creating-pools).
func dataPools(ceph *spec.RookCeph) []rookio.NamedPool {
	pools := []rookio.NamedPool{{Name: dataPoolName, Pool: pool(ceph, ceph.Filesystem)}}
	for _, p := range ceph.Pools {
		if p.Kind == spec.CephPoolFilesystem {
			pools = append(pools, rookio.NamedPool{Name: p.Name, Pool: pool(ceph, p.Pool())})
		}
	}
	return pools
}

// extraPoolSteps make the further pools and their classes.
func extraPoolSteps(stack *spec.Stack) plan.Steps {
	ceph := stack.Storage.RookCeph
	var steps plan.Steps
	for _, p := range ceph.Pools {
		class := extraClassStep(p.Class())
		if p.Kind == spec.CephPoolFilesystem {
			steps = append(steps, classStep(class, extraFilesystemClass(stack, p), volumeGroupStep))
			continue
		}
		data := dataStep("pool-"+p.Name, extraBlockPool(extraPoolName(p), pool(ceph, p.Pool())), clusterStep)
		steps = append(steps, data)
		made := classStep(class, extraBlockClass(stack, p), data.Name)
		if p.ErasureCoding != nil {
			metadata := dataStep("pool-"+p.Name+"-metadata", extraBlockPool(metadataPoolName(p), metadataPool(ceph, p.Pool())), clusterStep)
			steps = append(steps, metadata)
			made.After = append(made.After, metadata.Name)
		}
		steps = append(steps, made)
	}
	return steps
}

func extraClassStep(class string) string { return "class-" + class }

func extraPoolName(p spec.CephExtraPool) string { return blockPoolName + "-" + p.Name }

// metadataPoolName is the pool with the names and sizes of a block pool's volumes, of which erasure coding keeps the
// data alone (https://docs.ceph.com/en/latest/rados/operations/erasure-code/#erasure-coding-with-overwrites).
func metadataPoolName(p spec.CephExtraPool) string { return extraPoolName(p) + "-metadata" }

func extraBlockPool(name string, p rookio.Pool) *rookio.CephBlockPool {
	return &rookio.CephBlockPool{
		TypeMeta:   rookio.Type("CephBlockPool"),
		ObjectMeta: named(name),
		Spec:       rookio.NamedPool{Pool: p},
	}
}

func extraBlockClass(stack *spec.Stack, p spec.CephExtraPool) *storagev1.StorageClass {
	parameters := blockParameters(extraPoolName(p))
	if p.ErasureCoding != nil {
		parameters["pool"], parameters["dataPool"] = metadataPoolName(p), extraPoolName(p)
	}
	return volumeClass(stack, rbd.called(p.Class()), p.Pool(), parameters)
}

func extraFilesystemClass(stack *spec.Stack, p spec.CephExtraPool) *storagev1.StorageClass {
	return volumeClass(stack, cephfs.called(p.Class()), p.Pool(), filesystemParameters(p.Name))
}

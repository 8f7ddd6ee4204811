package rook

import (
	"github.com/home-ops/home-ops/components/rook/rookio"
	"github.com/home-ops/home-ops/spec"
)

// Names of what holds data. Volumes refer to them for as long as they live.
const (
	blockPoolName   = "ceph-blockpool"
	filesystemName  = "ceph-filesystem"
	dataPoolName    = "data0"
	objectStoreName = "ceph-objectstore"
)

// gatewayPort is Ceph's own for S3. The gateway does not run as root: below 1024 it
// could not listen on the network of a node
// (https://docs.ceph.com/en/latest/radosgw/frontends/).
const gatewayPort = 7480

// managerPool is the pool that Ceph's manager makes for itself. By default it has three
// copies whatever the number of nodes, and with fewer nodes Ceph would never be healthy.
func managerPool(ceph *spec.RookCeph) *rookio.CephBlockPool {
	return &rookio.CephBlockPool{
		TypeMeta: rookio.Type("CephBlockPool"),
		// No Kubernetes name begins with a dot.
		ObjectMeta: named("builtin-mgr"),
		Spec: rookio.NamedPool{
			Name: ".mgr",
			Pool: pool(ceph, spec.CephPool{Replicas: ceph.Replicas}),
		},
	}
}

// blockPool keeps volumes for one node at a time.
func blockPool(ceph *spec.RookCeph) *rookio.CephBlockPool {
	return &rookio.CephBlockPool{
		TypeMeta:   rookio.Type("CephBlockPool"),
		ObjectMeta: named(blockPoolName),
		Spec:       rookio.NamedPool{Pool: pool(ceph, ceph.Block)},
	}
}

// filesystem keeps volumes for many nodes at once.
func filesystem(stack *spec.Stack, nodes []spec.Node) *rookio.CephFilesystem {
	ceph := stack.Storage.RookCeph
	p := ceph.Filesystem
	return &rookio.CephFilesystem{
		TypeMeta:   rookio.Type("CephFilesystem"),
		ObjectMeta: named(filesystemName),
		Spec: rookio.CephFilesystemSpec{
			MetadataPool:               metadataPool(ceph, p),
			DataPools:                  dataPools(ceph),
			PreserveFilesystemOnDelete: true,
			MetadataServer: rookio.MetadataServer{
				ActiveCount: 1, ActiveStandby: daemonNodes(stack) > 1,
				Placement: placement(nodes), Resources: metadataServerResources(),
				PriorityClassName: clusterCritical,
			},
		},
	}
}

// volumeGroup is the directory of the file system in which the driver makes volumes. It
// looks for "csi" in every file system.
func volumeGroup() *rookio.CephFilesystemSubVolumeGroup {
	return &rookio.CephFilesystemSubVolumeGroup{
		TypeMeta:   rookio.Type("CephFilesystemSubVolumeGroup"),
		ObjectMeta: named(filesystemName + "-csi"),
		Spec: rookio.SubVolumeGroupSpec{
			Name: "csi", FilesystemName: filesystemName, Pinning: rookio.Pinning{Distributed: 1},
		},
	}
}

// objectStore keeps buckets.
func objectStore(stack *spec.Stack, nodes []spec.Node) *rookio.CephObjectStore {
	ceph := stack.Storage.RookCeph
	p := ceph.ObjectStore
	return &rookio.CephObjectStore{
		TypeMeta:   rookio.Type("CephObjectStore"),
		ObjectMeta: named(objectStoreName),
		Spec: rookio.CephObjectStoreSpec{
			MetadataPool:          metadataPool(ceph, p),
			DataPool:              pool(ceph, p),
			PreservePoolsOnDelete: true,
			Gateway: rookio.Gateway{
				Port: gatewayPort, Instances: min(daemonNodes(stack), 2),
				Placement: placement(nodes), Resources: gatewayResources(),
				PriorityClassName: clusterCritical,
			},
		},
	}
}

// pool keeps each copy or chunk on another node, or on another disk. Ceph makes a pool of a single copy only when it
// is told that this need not be safe.
func pool(ceph *spec.RookCeph, p spec.CephPool) rookio.Pool {
	out := rookio.Pool{FailureDomain: string(ceph.FailureDomain), DeviceClass: string(p.DeviceClass)}
	if e := p.ErasureCoding; e != nil {
		out.ErasureCoded = &rookio.ErasureCoded{DataChunks: e.DataChunks, CodingChunks: e.CodingChunks}
	} else {
		out.Replicated = &rookio.Replicated{Size: p.Replicas, RequireSafeReplicaSize: p.Replicas > 1}
	}
	if p.Compression {
		// Aggressive compresses whatever the client says of its data
		// (https://docs.ceph.com/en/latest/rados/configuration/bluestore-config-ref/#inline-compression).
		out.Parameters = map[string]string{"compression_mode": "aggressive"}
	}
	return out
}

// metadataPool is a pool of names and sizes, which are not compressed, and which erasure coding cannot keep.
func metadataPool(ceph *spec.RookCeph, p spec.CephPool) rookio.Pool {
	p.Compression, p.ErasureCoding = false, nil
	return pool(ceph, p)
}

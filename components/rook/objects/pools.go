package objects

import (
	"github.com/home-ops/home-ops/components/rook/rookio"
	"github.com/home-ops/home-ops/spec"
)

// Names of what holds data, which volumes refer to for as long as they live.
const (
	blockPool       = "ceph-blockpool"
	filesystemName  = "ceph-filesystem"
	dataPool        = "data0"
	objectStoreName = "ceph-objectstore"
)

// gatewayPort is Ceph's own for S3. Below 1024 the gateway, which is not root,
// could not listen on the network of a node
// (https://docs.ceph.com/en/latest/radosgw/frontends/).
const gatewayPort = 7480

// internalPool is the one that Ceph's manager makes for itself, with three copies
// whatever the number of nodes: with fewer, Ceph would never be healthy.
func internalPool(ceph *spec.RookCeph) *rookio.CephBlockPool {
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

// block is volumes for one node at a time.
func block(stack *spec.Stack) Offer {
	p := stack.Storage.RookCeph.Block
	return Offer{
		Pools: []Object{{"pool-block", &rookio.CephBlockPool{
			TypeMeta:   rookio.Type("CephBlockPool"),
			ObjectMeta: named(blockPool),
			Spec:       rookio.NamedPool{Pool: pool(stack.Storage.RookCeph, p)},
		}}},
		Class:     Object{"class-block", blockClass(stack)},
		Default:   stack.Storage.DefaultClass == rbd.class,
		Snapshots: &Object{"snapshots-block", snapshotClass(rbd, p)},
	}
}

// filesystem is volumes for many nodes at once.
func filesystem(stack *spec.Stack, nodes []spec.Node) Offer {
	p := stack.Storage.RookCeph.Filesystem
	metadata := pool(stack.Storage.RookCeph, p)
	metadata.Parameters = nil
	return Offer{
		Pools: []Object{
			{"filesystem", &rookio.CephFilesystem{
				TypeMeta:   rookio.Type("CephFilesystem"),
				ObjectMeta: named(filesystemName),
				Spec: rookio.CephFilesystemSpec{
					MetadataPool:               metadata,
					DataPools:                  []rookio.NamedPool{{Name: dataPool, Pool: pool(stack.Storage.RookCeph, p)}},
					PreserveFilesystemOnDelete: true,
					MetadataServer: rookio.MetadataServer{
						ActiveCount: 1, ActiveStandby: ableNodes(stack) > 1,
						Placement: placement(nodes), Resources: metadataServerResources(),
						PriorityClassName: clusterCritical,
					},
				},
			}},
			{"filesystem-volumes", &rookio.CephFilesystemSubVolumeGroup{
				TypeMeta: rookio.Type("CephFilesystemSubVolumeGroup"),
				// The driver looks for "csi" in every file system.
				ObjectMeta: named(filesystemName + "-csi"),
				Spec: rookio.SubVolumeGroupSpec{
					Name: "csi", FilesystemName: filesystemName, Pinning: rookio.Pinning{Distributed: 1},
				},
			}},
		},
		Class:     Object{"class-filesystem", filesystemClass(stack)},
		Default:   stack.Storage.DefaultClass == cephfs.class,
		Snapshots: &Object{"snapshots-filesystem", snapshotClass(cephfs, p)},
	}
}

// objectStore is buckets.
func objectStore(stack *spec.Stack, nodes []spec.Node) Offer {
	p := stack.Storage.RookCeph.ObjectStore
	metadata := pool(stack.Storage.RookCeph, p)
	metadata.Parameters = nil
	return Offer{
		Pools: []Object{{"objectstore", &rookio.CephObjectStore{
			TypeMeta:   rookio.Type("CephObjectStore"),
			ObjectMeta: named(objectStoreName),
			Spec: rookio.CephObjectStoreSpec{
				MetadataPool:          metadata,
				DataPool:              pool(stack.Storage.RookCeph, p),
				PreservePoolsOnDelete: true,
				Gateway: rookio.Gateway{
					Port: gatewayPort, Instances: min(ableNodes(stack), 2),
					Placement: placement(nodes), Resources: gatewayResources(),
					PriorityClassName: clusterCritical,
				},
			},
		}}},
		Class: Object{"class-bucket", bucketClass(p)},
	}
}

// pool keeps copies on different nodes, or on different disks. A single copy must be said to be wanted.
func pool(ceph *spec.RookCeph, p spec.CephPool) rookio.Pool {
	out := rookio.Pool{
		FailureDomain: string(ceph.FailureDomain),
		DeviceClass:   string(p.DeviceClass),
		Replicated:    rookio.Replicated{Size: p.Replicas, RequireSafeReplicaSize: p.Replicas > 1},
	}
	if p.Compression {
		// Whatever the client says of its data
		// (https://docs.ceph.com/en/latest/rados/configuration/bluestore-config-ref/#inline-compression).
		out.Parameters = map[string]string{"compression_mode": "aggressive"}
	}
	return out
}

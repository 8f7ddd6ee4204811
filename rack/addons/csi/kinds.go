package csi

import (
	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// The kinds of snapshots.
var (
	Snapshots        = snapshotKind("volumesnapshots")
	SnapshotClasses  = snapshotKind("volumesnapshotclasses")
	SnapshotContents = snapshotKind("volumesnapshotcontents")
)

func snapshotKind(resource string) cluster.Kind {
	return cluster.Kind{Group: "snapshot.storage.k8s.io", Version: "v1", Resource: resource}
}

// driver is what provides the volumes of classes.
type driver struct {
	// suffix ends the name of the driver, which Rook begins with its namespace.
	suffix string
	// operator is the Deployment that has to run.
	operator string
	// backing is why a class cannot give volumes yet, on a node where that matters; nil is for drivers of which nothing is
	// known.
	backing func(c *cluster.Cluster, class class, node string) error
	// local is for a driver whose volumes are on one node, and which tells the scheduler where it has room.
	local bool
	// inside is for a driver whose snapshots are in the volume, and go with it.
	inside bool
}

var drivers = []driver{
	{".rbd.csi.ceph.com", "rook-ceph-operator", blockPool, false, false},
	{".cephfs.csi.ceph.com", "rook-ceph-operator", filesystem, false, false},
	{"driver.longhorn.io", "longhorn-driver-deployer", nil, false, true},
	{"zfs.csi.openebs.io", "*zfs-localpv-controller", zfsPool, true, true},
}

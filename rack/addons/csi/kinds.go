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
	// backing is why a class cannot give volumes yet; nil is for drivers of which nothing is known.
	backing func(*cluster.Cluster, class) error
}

var drivers = []driver{
	{".rbd.csi.ceph.com", "rook-ceph-operator", blockPool},
	{".cephfs.csi.ceph.com", "rook-ceph-operator", filesystem},
	{"driver.longhorn.io", "longhorn-driver-deployer", nil},
	{"zfs.csi.openebs.io", "*zfs-localpv-controller", nil},
}

package objects

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/rook/rookio"
	"github.com/home-ops/home-ops/spec"
)

// driver is one of Ceph's two CSI drivers, and the class that it serves.
type driver struct {
	class string
	// name is how the kubelet knows it; Rook puts its namespace in front.
	name string
	// provisioner and node are the Secrets with its keys, which Rook makes.
	provisioner, node string
}

// The drivers. The names of the classes are those that the stack file knows.
var (
	rbd    = driver{"ceph-block", Namespace + ".rbd.csi.ceph.com", "rook-csi-rbd-provisioner", "rook-csi-rbd-node"}
	cephfs = driver{"ceph-filesystem", Namespace + ".cephfs.csi.ceph.com", "rook-csi-cephfs-provisioner", "rook-csi-cephfs-node"}
)

// bucketClassName is the class of buckets, for an ObjectBucketClaim.
const bucketClassName = "ceph-bucket"

func blockClass(stack *spec.Stack) *storagev1.StorageClass {
	return class(stack, rbd, stack.Storage.RookCeph.Block, map[string]string{
		"pool":                      blockPool,
		"imageFormat":               "2",
		"imageFeatures":             "layering,exclusive-lock,object-map,fast-diff,deep-flatten",
		"csi.storage.k8s.io/fstype": "ext4",
	})
}

func filesystemClass(stack *spec.Stack) *storagev1.StorageClass {
	return class(stack, cephfs, stack.Storage.RookCeph.Filesystem, map[string]string{
		"fsName": filesystemName,
		"pool":   filesystemName + "-" + dataPool,
	})
}

// class is a driver's storage class. Its volumes can grow.
func class(stack *spec.Stack, d driver, p spec.CephPool, parameters map[string]string) *storagev1.StorageClass {
	maps.Copy(parameters, map[string]string{"clusterID": Namespace})
	for step, secret := range map[string]string{
		"provisioner": d.provisioner, "controller-expand": d.provisioner,
		"controller-publish": d.provisioner, "node-stage": d.node,
	} {
		parameters["csi.storage.k8s.io/"+step+"-secret-name"] = secret
		parameters["csi.storage.k8s.io/"+step+"-secret-namespace"] = Namespace
	}
	c := newClass(d.class, d.name, p, parameters)
	grows := true
	c.AllowVolumeExpansion = &grows
	if stack.Storage.DefaultClass == d.class {
		c.Annotations = map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}
	}
	return c
}

func bucketClass(p spec.CephPool) *storagev1.StorageClass {
	return newClass(bucketClassName, Namespace+".ceph.rook.io/bucket", p, map[string]string{
		"objectStoreName": objectStoreName, "objectStoreNamespace": Namespace, "region": "us-east-1",
	})
}

func newClass(name, provisioner string, p spec.CephPool, parameters map[string]string) *storagev1.StorageClass {
	reclaim, binding := corev1.PersistentVolumeReclaimDelete, storagev1.VolumeBindingImmediate
	if p.RetainOnDelete {
		reclaim = corev1.PersistentVolumeReclaimRetain
	}
	return &storagev1.StorageClass{
		TypeMeta:          metav1.TypeMeta{APIVersion: storagev1.SchemeGroupVersion.String(), Kind: "StorageClass"},
		ObjectMeta:        metav1.ObjectMeta{Name: name},
		Provisioner:       provisioner,
		Parameters:        parameters,
		ReclaimPolicy:     &reclaim,
		VolumeBindingMode: &binding,
	}
}

// snapshotClass takes snapshots of a class's volumes, under the same name. A
// snapshot outlives its object where a volume outlives its claim.
func snapshotClass(d driver, p spec.CephPool) *rookio.VolumeSnapshotClass {
	deletion := "Delete"
	if p.RetainOnDelete {
		deletion = "Retain"
	}
	return &rookio.VolumeSnapshotClass{
		TypeMeta:       metav1.TypeMeta{APIVersion: rookio.SnapshotV1, Kind: "VolumeSnapshotClass"},
		ObjectMeta:     metav1.ObjectMeta{Name: d.class},
		Driver:         d.name,
		DeletionPolicy: deletion,
		Parameters: map[string]string{
			"clusterID": Namespace,
			"csi.storage.k8s.io/snapshotter-secret-name":      d.provisioner,
			"csi.storage.k8s.io/snapshotter-secret-namespace": Namespace,
		},
	}
}

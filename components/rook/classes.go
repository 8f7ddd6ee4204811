package rook

import (
	"maps"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/spec"
)

// driver is one of Ceph's two CSI drivers, with its storage class.
type driver struct {
	// class is the name of the storage class, as the stack file knows it.
	class string
	// name is how the kubelet knows the driver; Rook puts its namespace in front.
	name string
	// provisioner and node are the Secrets with the driver's keys, which Rook makes.
	provisioner, node string
}

// called is the driver with another storage class.
func (d driver) called(class string) driver {
	d.class = class
	return d
}

// The drivers of block volumes and of shared file systems.
var (
	rbd    = driver{"ceph-block", namespaceName + ".rbd.csi.ceph.com", "rook-csi-rbd-provisioner", "rook-csi-rbd-node"}
	cephfs = driver{"ceph-filesystem", namespaceName + ".cephfs.csi.ceph.com", "rook-csi-cephfs-provisioner", "rook-csi-cephfs-node"}
)

// bucketClassName is the class of buckets, for an ObjectBucketClaim.
const bucketClassName = "ceph-bucket"

func blockClass(stack *spec.Stack) *storagev1.StorageClass {
	return volumeClass(stack, rbd, stack.Storage.RookCeph.Block, blockParameters(blockPoolName))
}

// blockParameters are those of a class of volumes in a pool.
func blockParameters(pool string) map[string]string {
	return map[string]string{
		"pool":                      pool,
		"imageFormat":               "2",
		"imageFeatures":             "layering,exclusive-lock,object-map,fast-diff,deep-flatten",
		"csi.storage.k8s.io/fstype": "ext4",
	}
}

func filesystemClass(stack *spec.Stack) *storagev1.StorageClass {
	return volumeClass(stack, cephfs, stack.Storage.RookCeph.Filesystem, filesystemParameters(dataPoolName))
}

// filesystemParameters are those of a class of directories in a data pool of the file system.
func filesystemParameters(pool string) map[string]string {
	return map[string]string{"fsName": filesystemName, "pool": filesystemName + "-" + pool}
}

// volumeClass is the storage class of a driver. Its volumes can grow.
func volumeClass(stack *spec.Stack, d driver, p spec.CephPool, parameters map[string]string) *storagev1.StorageClass {
	maps.Copy(parameters, map[string]string{"clusterID": namespaceName})
	for operation, secret := range map[string]string{
		"provisioner": d.provisioner, "controller-expand": d.provisioner,
		"controller-publish": d.provisioner, "node-stage": d.node,
	} {
		parameters["csi.storage.k8s.io/"+operation+"-secret-name"] = secret
		parameters["csi.storage.k8s.io/"+operation+"-secret-namespace"] = namespaceName
	}
	class := storageClass(d.class, d.name, p, parameters)
	grows := true
	class.AllowVolumeExpansion = &grows
	if stack.Storage.DefaultClass == d.class {
		class.Annotations = map[string]string{"storageclass.kubernetes.io/is-default-class": "true"}
	}
	return class
}

func bucketClass(p spec.CephPool) *storagev1.StorageClass {
	return storageClass(bucketClassName, namespaceName+".ceph.rook.io/bucket", p, map[string]string{
		"objectStoreName": objectStoreName, "objectStoreNamespace": namespaceName, "region": "us-east-1",
	})
}

func storageClass(name, provisioner string, p spec.CephPool, parameters map[string]string) *storagev1.StorageClass {
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

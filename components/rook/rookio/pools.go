package rookio

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CephBlockPool keeps block volumes
// (https://rook.io/docs/rook/latest/CRDs/Block-Storage/ceph-block-pool-crd/).
type CephBlockPool struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              NamedPool `json:"spec"`
}

// Pool says how data is kept.
type Pool struct {
	// FailureDomain is what no two copies may share.
	FailureDomain string `json:"failureDomain"`
	// DeviceClass keeps the data on disks of one kind.
	DeviceClass string `json:"deviceClass,omitempty"`
	// Replicated keeps copies, ErasureCoded chunks; a pool has one of the two.
	Replicated   *Replicated   `json:"replicated,omitempty"`
	ErasureCoded *ErasureCoded `json:"erasureCoded,omitempty"`
	// Parameters are settings of the pool in Ceph.
	Parameters map[string]string `json:"parameters,omitempty"`
}

// NamedPool is a Pool whose name in Ceph may differ from that of its object.
type NamedPool struct {
	Name string `json:"name,omitempty"`
	Pool
}

// Replicated is how many copies are kept.
type Replicated struct {
	Size int `json:"size"`
	// RequireSafeReplicaSize refuses a single copy.
	RequireSafeReplicaSize bool `json:"requireSafeReplicaSize"`
}

// ErasureCoded is how many chunks are kept.
type ErasureCoded struct {
	DataChunks   int `json:"dataChunks"`
	CodingChunks int `json:"codingChunks"`
}

// CephFilesystem is a shared file system
// (https://rook.io/docs/rook/latest/CRDs/Shared-Filesystem/ceph-filesystem-crd/).
type CephFilesystem struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              CephFilesystemSpec `json:"spec"`
}

// CephFilesystemSpec is a file system's pools and servers.
type CephFilesystemSpec struct {
	MetadataPool Pool        `json:"metadataPool"`
	DataPools    []NamedPool `json:"dataPools"`
	// PreserveFilesystemOnDelete keeps the data when this object is deleted.
	PreserveFilesystemOnDelete bool           `json:"preserveFilesystemOnDelete"`
	MetadataServer             MetadataServer `json:"metadataServer"`
}

// MetadataServer is the daemons that serve directories.
type MetadataServer struct {
	ActiveCount int `json:"activeCount"`
	// ActiveStandby keeps a second daemon warm for each active one.
	ActiveStandby     bool                        `json:"activeStandby"`
	Placement         *Placement                  `json:"placement,omitempty"`
	Resources         corev1.ResourceRequirements `json:"resources"`
	PriorityClassName string                      `json:"priorityClassName,omitempty"`
}

// CephFilesystemSubVolumeGroup is the directory of a file system in which volumes
// are made.
type CephFilesystemSubVolumeGroup struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              SubVolumeGroupSpec `json:"spec"`
}

// SubVolumeGroupSpec places the directory.
type SubVolumeGroupSpec struct {
	Name           string  `json:"name"`
	FilesystemName string  `json:"filesystemName"`
	Pinning        Pinning `json:"pinning"`
}

// Pinning spreads directories over several active metadata servers.
type Pinning struct {
	Distributed int `json:"distributed"`
}

// CephObjectStore is an S3 store
// (https://rook.io/docs/rook/latest/CRDs/Object-Storage/ceph-object-store-crd/).
type CephObjectStore struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              CephObjectStoreSpec `json:"spec"`
}

// CephObjectStoreSpec is an object store's pools and servers.
type CephObjectStoreSpec struct {
	MetadataPool Pool `json:"metadataPool"`
	DataPool     Pool `json:"dataPool"`
	// PreservePoolsOnDelete keeps the data when this object is deleted.
	PreservePoolsOnDelete bool    `json:"preservePoolsOnDelete"`
	Gateway               Gateway `json:"gateway"`
}

// Gateway is the daemons that speak S3.
type Gateway struct {
	Port              int                         `json:"port"`
	Instances         int                         `json:"instances"`
	Placement         *Placement                  `json:"placement,omitempty"`
	Resources         corev1.ResourceRequirements `json:"resources"`
	PriorityClassName string                      `json:"priorityClassName,omitempty"`
}

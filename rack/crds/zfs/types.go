// Package zfs says in types of the rack's own what zfs.openebs.io/v1 takes: ZFS LocalPV's Go module cannot be had.
// People write none of these kinds; they are here so that what lists them finds them.
// https://github.com/openebs/zfs-localpv
//
// +groupName=zfs.openebs.io
// +versionName=v1
package zfs

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ZFSVolume is a volume on the pool of a node.
// +kubebuilder:resource:scope=Namespaced,shortName=zfsvol;zv
type ZFSVolume struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              Volume `json:"spec"`
	Status            State  `json:"status,omitempty"`
}

// ZFSSnapshot is a snapshot of a volume, with the volume's properties.
// +kubebuilder:resource:scope=Namespaced,shortName=zfssnap
type ZFSSnapshot struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              Volume `json:"spec"`
	Status            State  `json:"status"`
}

// ZFSNode is the pools of a node.
// +kubebuilder:resource:scope=Namespaced,shortName=zfsnode
type ZFSNode struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Pools             []Pool `json:"pools"`
}

// Volume is a dataset or a block device.
type Volume struct {
	OwnerNodeID string `json:"ownerNodeID"`
	PoolName    string `json:"poolName"`
	Capacity    string `json:"capacity"`
	// +kubebuilder:validation:Enum=ZVOL;DATASET
	VolumeType   string `json:"volumeType"`
	SnapName     string `json:"snapname,omitempty"`
	RecordSize   string `json:"recordsize,omitempty"`
	VolBlockSize string `json:"volblocksize,omitempty"`
	Compression  string `json:"compression,omitempty"`
	// +kubebuilder:validation:Enum=on;off
	Dedup       string `json:"dedup,omitempty"`
	Encryption  string `json:"encryption,omitempty"`
	KeyLocation string `json:"keylocation,omitempty"`
	// +kubebuilder:validation:Enum=passphrase;raw;hex
	KeyFormat string `json:"keyformat,omitempty"`
	// +kubebuilder:validation:Enum=yes;no
	ThinProvision string `json:"thinProvision,omitempty"`
	// +kubebuilder:validation:Enum=quota;refquota
	QuotaType string `json:"quotaType,omitempty"`
	FsType    string `json:"fsType,omitempty"`
	// +kubebuilder:validation:Enum=yes;no
	Shared string `json:"shared,omitempty"`
}

// State is how far a volume has come.
type State struct {
	// +kubebuilder:validation:Enum=Pending;Ready;Failed
	State string `json:"state,omitempty"`
}

// Pool is a ZFS pool and the room in it.
type Pool struct {
	Name string            `json:"name"`
	UUID string            `json:"uuid"`
	Free resource.Quantity `json:"free"`
	Used resource.Quantity `json:"used"`
}

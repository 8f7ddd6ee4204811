package volsync

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// The kinds of VolSync.
var (
	Sources      = cluster.Kind{Group: group, Version: "v1alpha1", Resource: "replicationsources"}
	Destinations = cluster.Kind{Group: group, Version: "v1alpha1", Resource: "replicationdestinations"}
)

const group = "volsync.backube"

var (
	jobs     = cluster.Kind{Group: "batch", Version: "v1", Resource: "jobs"}
	accounts = cluster.Kind{Version: "v1", Resource: "serviceaccounts"}
)

// The labels and annotations of VolSync
// (https://github.com/backube/volsync/blob/v0.14.0/internal/controller/utils/labels.go).
const (
	cleanupLabel   = group + "/cleanup"
	createdByLabel = "app.kubernetes.io/created-by"
	snapshotNote   = group + "/snapname"
	primeLabel     = group + "/populator-pvc-for"
	populatedNote  = group + "/populated-from"
	selectedNode   = "volume.kubernetes.io/selected-node"
)

// replication is a ReplicationSource or a ReplicationDestination, as far as it is played.
type replication struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		SourcePVC string `json:"sourcePVC"`
		Trigger   struct {
			Schedule string `json:"schedule"`
			Manual   string `json:"manual"`
		} `json:"trigger"`
		Paused bool  `json:"paused"`
		Restic *spec `json:"restic"`
	} `json:"spec"`
	Status status `json:"status"`
}

// spec is the part of restic.
type spec struct {
	Repository         string                              `json:"repository"`
	CopyMethod         string                              `json:"copyMethod"`
	SnapshotClass      *string                             `json:"volumeSnapshotClassName"`
	StorageClass       *string                             `json:"storageClassName"`
	AccessModes        []corev1.PersistentVolumeAccessMode `json:"accessModes"`
	Capacity           *resource.Quantity                  `json:"capacity"`
	CacheCapacity      *resource.Quantity                  `json:"cacheCapacity"`
	CacheStorageClass  *string                             `json:"cacheStorageClassName"`
	Previous           int                                 `json:"previous"`
	RestoreAsOf        string                              `json:"restoreAsOf"`
	EnableFileDeletion bool                                `json:"enableFileDeletion"`
	Security           *corev1.PodSecurityContext          `json:"moverSecurityContext"`
	Retain             *struct {
		Last    string `json:"last"`
		Hourly  int    `json:"hourly"`
		Daily   int    `json:"daily"`
		Weekly  int    `json:"weekly"`
		Monthly int    `json:"monthly"`
		Yearly  int    `json:"yearly"`
	} `json:"retain"`
}

type status struct {
	LastSyncTime      *metav1.Time                      `json:"lastSyncTime,omitempty"`
	LastSyncStartTime *metav1.Time                      `json:"lastSyncStartTime,omitempty"`
	LastSyncDuration  *metav1.Duration                  `json:"lastSyncDuration,omitempty"`
	NextSyncTime      *metav1.Time                      `json:"nextSyncTime,omitempty"`
	LastManualSync    string                            `json:"lastManualSync,omitempty"`
	LatestImage       *corev1.TypedLocalObjectReference `json:"latestImage,omitempty"`
	LatestMoverStatus *moverStatus                      `json:"latestMoverStatus,omitempty"`
	Conditions        []metav1.Condition                `json:"conditions,omitempty"`
}

// moverStatus is how the last Job ended, and what it said.
type moverStatus struct {
	Result string `json:"result,omitempty"`
	Logs   string `json:"logs,omitempty"`
}

const (
	successful = "Successful"
	failed     = "Failed"
)

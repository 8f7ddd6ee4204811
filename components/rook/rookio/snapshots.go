package rookio

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// SnapshotV1 is the version of the API group of CSI snapshots.
const SnapshotV1 = "snapshot.storage.k8s.io/v1"

// VolumeSnapshotClass says how snapshots of volumes are taken
// (https://kubernetes.io/docs/concepts/storage/volume-snapshot-classes/).
type VolumeSnapshotClass struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Driver            string            `json:"driver"`
	DeletionPolicy    string            `json:"deletionPolicy"`
	Parameters        map[string]string `json:"parameters,omitempty"`
}

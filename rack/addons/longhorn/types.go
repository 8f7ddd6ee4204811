package longhorn

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

const (
	apiVersion = "longhorn.io/v1beta2"
	// driver is the name of the CSI driver.
	driver = "driver.longhorn.io"
	// diskLabel is what a node has that stores (https://longhorn.io/docs/latest/nodes-and-volumes/nodes/default-disk-and-node-config/).
	diskLabel = "node.longhorn.io/create-default-disk"
	// volumeLabel is what Longhorn finds the replicas of a volume by.
	volumeLabel = "longhornvolume"
	// diskUUIDLabel is what an owner finds the replicas of a disk by.
	diskUUIDLabel = "longhorndiskuuid"
)

// The kinds that the manager looks after.
var (
	Volumes  = kind("volumes")
	Replicas = kind("replicas")
	Nodes    = kind("nodes")
)

func kind(resource string) cluster.Kind {
	return cluster.Kind{Group: "longhorn.io", Version: "v1beta2", Resource: resource}
}

// The states of a volume, and what Longhorn says of its replicas
// (https://github.com/longhorn/longhorn-manager/blob/v1.9.0/k8s/pkg/apis/longhorn/v1beta2/volume.go).
const (
	Attached = "attached"
	Detached = "detached"

	Unknown  = "unknown"
	Healthy  = "healthy"
	Degraded = "degraded"
	Faulted  = "faulted"
)

// volume is a Volume, as far as it is played.
type volume struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              volumeSpec `json:"spec"`
}

type volumeSpec struct {
	Size             string `json:"size"`
	Frontend         string `json:"frontend"`
	AccessMode       string `json:"accessMode"`
	DataEngine       string `json:"dataEngine"`
	NumberOfReplicas int    `json:"numberOfReplicas"`
	NodeID           string `json:"nodeID"`
}

type volumeStatus struct {
	State            string           `json:"state"`
	Robustness       string           `json:"robustness"`
	CurrentNodeID    string           `json:"currentNodeID"`
	KubernetesStatus kubernetesStatus `json:"kubernetesStatus"`
	LastDegradedAt   string           `json:"lastDegradedAt"`
}

type kubernetesStatus struct {
	PVName    string `json:"pvName"`
	PVStatus  string `json:"pvStatus"`
	Namespace string `json:"namespace"`
	PVCName   string `json:"pvcName"`
}

// replicaObject is a Replica, as far as it is played.
type replicaObject struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              replicaSpec `json:"spec"`
}

type replicaSpec struct {
	VolumeName string `json:"volumeName"`
	VolumeSize string `json:"volumeSize"`
	NodeID     string `json:"nodeID"`
	DiskID     string `json:"diskID"`
	DataEngine string `json:"dataEngine"`
	Active     bool   `json:"active"`
	HealthyAt  string `json:"healthyAt"`
	FailedAt   string `json:"failedAt"`
}

type replicaStatus struct {
	CurrentState string `json:"currentState"`
	Started      bool   `json:"started"`
}

// nodeObject is a Node of Longhorn's, as far as it is played.
type nodeObject struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              nodeSpec `json:"spec"`
}

type nodeSpec struct {
	Name            string              `json:"name"`
	AllowScheduling bool                `json:"allowScheduling"`
	Disks           map[string]diskSpec `json:"disks,omitempty"`
}

type nodeStatus struct {
	Conditions []condition           `json:"conditions"`
	Disks      map[string]diskStatus `json:"diskStatus,omitempty"`
}

type condition struct {
	Type               string                 `json:"type"`
	Status             corev1.ConditionStatus `json:"status"`
	Reason             string                 `json:"reason"`
	Message            string                 `json:"message"`
	LastTransitionTime string                 `json:"lastTransitionTime"`
}

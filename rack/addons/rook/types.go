package rook

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// The kinds that the operator looks after.
var (
	Clusters        = kind("cephclusters")
	BlockPools      = kind("cephblockpools")
	Filesystems     = kind("cephfilesystems")
	SubVolumeGroups = kind("cephfilesystemsubvolumegroups")
	ObjectStores    = kind("cephobjectstores")
)

func kind(resource string) cluster.Kind {
	return cluster.Kind{Group: "ceph.rook.io", Version: "v1", Resource: resource}
}

// The phases of an object.
const (
	Progressing = "Progressing"
	Ready       = "Ready"
	Failure     = "Failure"
)

// cephCluster is a CephCluster, as far as it is looked at.
type cephCluster struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		External    struct{ Enable bool } `json:"external"`
		CephVersion struct {
			Image string `json:"image"`
		} `json:"cephVersion"`
		// DataDir is where on a host the daemons keep what they know.
		DataDir   string               `json:"dataDirHostPath"`
		Mon       daemons              `json:"mon"`
		Mgr       daemons              `json:"mgr"`
		Placement map[string]placement `json:"placement"`
		Storage   storage              `json:"storage"`
		// HealthyPGs has existing OSDs be looked after only while all placement groups are active and clean.
		HealthyPGs bool `json:"upgradeOSDRequiresHealthyPGs"`
	} `json:"spec"`
}

type daemons struct {
	Count                int  `json:"count"`
	AllowMultiplePerNode bool `json:"allowMultiplePerNode"`
}

type placement struct {
	Tolerations []corev1.Toleration `json:"tolerations"`
}

// storage names disks: those of its nodes, or of all of them.
type storage struct {
	UseAllNodes bool `json:"useAllNodes"`
	selection   `json:",inline"`
	Nodes       []struct {
		Name      string `json:"name"`
		selection `json:",inline"`
	} `json:"nodes"`
}

// selection chooses among a node's disks.
type selection struct {
	UseAllDevices    *bool    `json:"useAllDevices"`
	DeviceFilter     string   `json:"deviceFilter"`
	DevicePathFilter string   `json:"devicePathFilter"`
	Devices          []device `json:"devices"`
}

// device names one disk, by the kernel's name or a path.
type device struct {
	Name     string `json:"name"`
	FullPath string `json:"fullpath"`
}

// pool says how data is kept.
type pool struct {
	FailureDomain string `json:"failureDomain"`
	Replicated    struct {
		Size int `json:"size"`
	} `json:"replicated"`
	ErasureCoded struct {
		DataChunks int `json:"dataChunks"`
	} `json:"erasureCoded"`
}

// status is what every kind has in its status.
type status struct {
	Phase              string            `json:"phase"`
	Info               map[string]string `json:"info,omitempty"`
	ObservedGeneration int64             `json:"observedGeneration,omitempty"`
}

// condition is Rook's own form of it.
type condition struct {
	Type               string      `json:"type"`
	Status             string      `json:"status"`
	Reason             string      `json:"reason"`
	Message            string      `json:"message"`
	LastHeartbeatTime  metav1.Time `json:"lastHeartbeatTime"`
	LastTransitionTime metav1.Time `json:"lastTransitionTime"`
}

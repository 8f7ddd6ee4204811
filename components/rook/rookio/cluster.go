package rookio

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CephCluster is Ceph itself: its monitors, managers and disks
// (https://rook.io/docs/rook/latest/CRDs/Cluster/ceph-cluster-crd/).
type CephCluster struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              CephClusterSpec `json:"spec"`
}

// CephClusterSpec says what Ceph runs, where, and on which disks.
type CephClusterSpec struct {
	CephVersion CephVersion `json:"cephVersion"`
	// DataDirHostPath is the directory of each node in which monitors keep their
	// data. Without it, Ceph is lost.
	DataDirHostPath string `json:"dataDirHostPath"`
	// UpgradeOSDRequiresHealthyPGs waits with an upgrade until all data is complete.
	UpgradeOSDRequiresHealthyPGs bool       `json:"upgradeOSDRequiresHealthyPGs"`
	Mon                          Daemons    `json:"mon"`
	Mgr                          Daemons    `json:"mgr"`
	Dashboard                    Dashboard  `json:"dashboard"`
	Monitoring                   Monitoring `json:"monitoring"`
	Network                      Network    `json:"network"`
	// LogCollector writes logs to files on the nodes too.
	LogCollector   LogCollector   `json:"logCollector"`
	CrashCollector CrashCollector `json:"crashCollector"`
	// CleanupPolicy says what the deletion of this object does to the disks.
	CleanupPolicy CleanupPolicy `json:"cleanupPolicy"`
	// Placement is by daemon; "all" is every one.
	Placement map[string]Placement `json:"placement,omitempty"`
	// Resources and PriorityClassNames are by daemon.
	Resources            map[string]corev1.ResourceRequirements `json:"resources,omitempty"`
	PriorityClassNames   map[string]string                      `json:"priorityClassNames,omitempty"`
	DisruptionManagement DisruptionManagement                   `json:"disruptionManagement"`
	Storage              Storage                                `json:"storage"`
}

// CephVersion is the image of Ceph.
type CephVersion struct {
	Image string `json:"image"`
}

// Daemons is how many of a daemon run.
type Daemons struct {
	Count int `json:"count"`
	// AllowMultiplePerNode lets two of them die with one node.
	AllowMultiplePerNode bool `json:"allowMultiplePerNode"`
}

// Dashboard is Ceph's web page.
type Dashboard struct {
	Enabled bool `json:"enabled"`
	SSL     bool `json:"ssl"`
}

// Monitoring makes objects of the Prometheus operator's kinds.
type Monitoring struct {
	Enabled bool `json:"enabled"`
}

// Network is the network that Ceph's daemons use: that of pods, or the nodes' own
// (https://rook.io/docs/rook/latest/CRDs/Cluster/network-providers/).
type Network struct {
	// Provider is "host" for the nodes' own, else empty.
	Provider string `json:"provider,omitempty"`
	// IPFamily is IPv4 or IPv6.
	IPFamily string `json:"ipFamily,omitempty"`
	// AddressRanges chooses among the nodes' networks.
	AddressRanges *AddressRanges `json:"addressRanges,omitempty"`
}

// AddressRanges are Ceph's networks, as CIDRs.
type AddressRanges struct {
	// Public carries the traffic with clients.
	Public []string `json:"public,omitempty"`
	// Cluster carries the replication between disks.
	Cluster []string `json:"cluster,omitempty"`
}

// LogCollector keeps logs in files on the nodes.
type LogCollector struct {
	Enabled bool `json:"enabled"`
}

// CrashCollector keeps reports of crashed daemons.
type CrashCollector struct {
	Disable      bool `json:"disable"`
	DaysToRetain int  `json:"daysToRetain,omitempty"`
}

// CleanupPolicy is what the deletion of the CephCluster destroys.
type CleanupPolicy struct {
	// Confirmation is empty, or a sentence that lets Rook wipe the disks.
	Confirmation string `json:"confirmation"`
	// AllowUninstallWithVolumes deletes Ceph though volumes are in use.
	AllowUninstallWithVolumes bool `json:"allowUninstallWithVolumes"`
}

// Placement says on which nodes a daemon may run.
type Placement struct {
	Tolerations []corev1.Toleration `json:"tolerations,omitempty"`
}

// DisruptionManagement keeps two storage nodes from being drained at once.
type DisruptionManagement struct {
	ManagePodBudgets bool `json:"managePodBudgets"`
}

// Storage is the disks that Ceph takes.
type Storage struct {
	// UseAllNodes and UseAllDevices take whatever is found.
	UseAllNodes   bool `json:"useAllNodes"`
	UseAllDevices bool `json:"useAllDevices"`
	// Config holds settings of every disk.
	Config map[string]string `json:"config,omitempty"`
	Nodes  []StorageNode     `json:"nodes"`
}

// StorageNode is the disks of one node.
type StorageNode struct {
	// Name is the value of the node's label kubernetes.io/hostname.
	Name string `json:"name"`
	// DevicePathFilter is a regular expression over the names and links of a disk.
	DevicePathFilter string `json:"devicePathFilter"`
}

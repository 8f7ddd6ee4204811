package rook

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// The priority of pods without which a node, or the cluster, has no storage.
const (
	nodeCritical    = "system-node-critical"
	clusterCritical = "system-cluster-critical"
)

// clusterResources fit machines of 16 GB: requests are what the daemons use in a home,
// limits leave room for recovery. Ceph sizes its caches by the limits. The processor
// has no limit: a throttled daemon answers late, and the others take it for dead.
func clusterResources() map[string]corev1.ResourceRequirements {
	return map[string]corev1.ResourceRequirements{
		"mon": needs("100m", "512Mi", "2Gi"),
		"mgr": needs("100m", "512Mi", "2Gi"),
		// 2 GiB is the least with which Rook starts a disk
		// (https://rook.io/docs/rook/latest/CRDs/Cluster/ceph-cluster-crd/#cluster-wide-resources-configuration-settings).
		"osd":            needs("250m", "2Gi", "4Gi"),
		"prepareosd":     needs("100m", "64Mi", ""),
		"crashcollector": needs("10m", "32Mi", "64Mi"),
		"exporter":       needs("10m", "32Mi", "128Mi"),
	}
}

// metadataServerResources are those of each of a file system's daemons: half of
// the limit is cache.
func metadataServerResources() corev1.ResourceRequirements { return needs("100m", "512Mi", "2Gi") }

// gatewayResources are those of each S3 server.
func gatewayResources() corev1.ResourceRequirements { return needs("100m", "256Mi", "2Gi") }

// needs is a request of processor and memory, and the most memory; "" is no limit.
func needs(cpu, memory, most string) corev1.ResourceRequirements {
	r := corev1.ResourceRequirements{Requests: corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory),
	}}
	if most != "" {
		r.Limits = corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(most)}
	}
	return r
}

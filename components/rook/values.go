package rook

import (
	_ "embed"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/internal/chartvalues"
	"github.com/home-ops/home-ops/spec"
)

//go:embed values/rook-ceph.yaml
var operatorFile []byte

//go:embed values/rook-ceph-csi.yaml
var operatorCSIFile []byte

// chartValues, up to Rook 1.19, is the part of the chart's values that the stack decides, under the
// chart's own names.
type chartValues struct {
	CSI csi `json:"csi"`
}

type csi struct {
	RBD    bool `json:"enableRbdDriver"`
	CephFS bool `json:"enableCephfsDriver"`
	// Snapshotter sidecars go with their drivers.
	RBDSnapshotter      bool                `json:"enableRBDSnapshotter"`
	CephFSSnapshotter   bool                `json:"enableCephfsSnapshotter"`
	ProvisionerReplicas int                 `json:"provisionerReplicas"`
	PluginTolerations   []corev1.Toleration `json:"pluginTolerations,omitempty"`
}

// operatorValues are the values of the operator's chart: the file, and over it what the
// stack decides.
func operatorValues(stack *spec.Stack) (map[string]any, error) {
	const file = "components/rook/values/rook-ceph.yaml"
	if stack.HasCSIDriversChart() {
		return chartvalues.Read(file, operatorFile)
	}
	ceph := stack.Storage.RookCeph
	block := ceph.HasBlock()
	return chartvalues.Over(file, slices.Concat(operatorFile, operatorCSIFile), chartValues{CSI: csi{
		RBD: block, RBDSnapshotter: block,
		CephFS: ceph.Filesystem.Enabled, CephFSSnapshotter: ceph.Filesystem.Enabled,
		ProvisionerReplicas: provisioners(stack),
		// A pod that may run on a node may have its volumes there.
		PluginTolerations: tolerations(workloadNodes(stack)),
	}})
}

// provisioners is how many pods make volumes: one works, and one takes over when it
// ends; two never share a node.
func provisioners(stack *spec.Stack) int { return min(daemonNodes(stack), 2) }

// workloadNodes are the nodes on which the pods of applications may run.
func workloadNodes(stack *spec.Stack) []spec.Node {
	var nodes []spec.Node
	for _, node := range stack.Nodes {
		if stack.Schedulable(node) {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

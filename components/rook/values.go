package rook

import (
	_ "embed"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/internal/chartvalues"
	"github.com/home-ops/home-ops/spec"
)

//go:embed values/rook-ceph.yaml
var operatorFile []byte

// chartValues is the part of the chart's values that the stack decides, under the
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
	ceph := stack.Storage.RookCeph
	block := ceph.HasBlock()
	return chartvalues.Over("components/rook/values/rook-ceph.yaml", operatorFile, chartValues{CSI: csi{
		RBD: block, RBDSnapshotter: block,
		CephFS: ceph.Filesystem.Enabled, CephFSSnapshotter: ceph.Filesystem.Enabled,
		// One works, and one takes over when it ends; two never share a node.
		ProvisionerReplicas: min(daemonNodes(stack), 2),
		// A pod that may run on a node may have its volumes there.
		PluginTolerations: tolerations(workloadNodes(stack)),
	}})
}

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

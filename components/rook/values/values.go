package values

import (
	_ "embed"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/components/rook/tolerate"
	"github.com/home-ops/home-ops/internal/chartvalues"
	"github.com/home-ops/home-ops/spec"
)

//go:embed values.yaml
var staticValues []byte

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

// For is the values of the operator's chart for a stack with Ceph: values.yaml,
// and over it what the stack decides.
func For(stack *spec.Stack) (map[string]any, error) {
	return chartvalues.Over("components/rook/values/values.yaml", staticValues, computed(stack))
}

func computed(stack *spec.Stack) chartValues {
	ceph := stack.Storage.RookCeph
	return chartValues{CSI: csi{
		RBD: ceph.Block.Enabled, RBDSnapshotter: ceph.Block.Enabled,
		CephFS: ceph.Filesystem.Enabled, CephFSSnapshotter: ceph.Filesystem.Enabled,
		// One works and one waits for its end; two never share a node.
		ProvisionerReplicas: min(len(stack.LoadBalancerNodes()), 2),
		// A pod that may run on a node may have its volumes there.
		PluginTolerations: tolerate.Taints(workloadNodes(stack)),
	}}
}

func workloadNodes(stack *spec.Stack) []spec.Node {
	var nodes []spec.Node
	for _, node := range stack.Nodes {
		if stack.Schedulable(node) {
			nodes = append(nodes, node)
		}
	}
	return nodes
}

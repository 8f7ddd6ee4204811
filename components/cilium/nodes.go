package cilium

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/spec"
)

// Labels that Kubernetes puts on nodes.
const (
	hostnameLabel     = "kubernetes.io/hostname"
	controlPlaneLabel = "node-role.kubernetes.io/control-plane"
)

// nodeSelector chooses the named nodes. All nodes and all workers are chosen as
// such, so that a node that joins is chosen too and nothing has to change.
func nodeSelector(stack *spec.Stack, names []string) *metav1.LabelSelector {
	names = slices.Sorted(slices.Values(names))
	if slices.Equal(names, sortedNames(stack.Nodes)) {
		return nil
	}
	if slices.Equal(names, sortedNames(stack.Workers())) {
		return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: controlPlaneLabel, Operator: metav1.LabelSelectorOpDoesNotExist,
		}}}
	}
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
		Key: hostnameLabel, Operator: metav1.LabelSelectorOpIn, Values: names,
	}}}
}

func sortedNames(nodes []spec.Node) []string {
	names := make([]string, 0, len(nodes))
	for _, node := range nodes {
		names = append(names, node.Name)
	}
	slices.Sort(names)
	return names
}

package cluster

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Down reports whether a node's machine is off, or on its way there or back. The API hears of that 40 seconds later, or never
// of one that is back by then; what runs on the machine, and what talks to that, notices at once.
type Down func(node string) bool

// Serving are the nodes on which programs run, by their names: the machine is not down, and Kubernetes has not lost it. A kubelet
// that has not said anything yet is taken at its word, for there are no pods either.
func (c *Cluster) Serving(down Down) map[string]*corev1.Node {
	serving := map[string]*corev1.Node{}
	for _, item := range Read[corev1.Node](c, Nodes) {
		lost := slices.ContainsFunc(item.Typed.Status.Conditions, func(condition corev1.NodeCondition) bool {
			return condition.Type == corev1.NodeReady && condition.Status != corev1.ConditionTrue
		})
		if !lost && !down(item.Typed.Name) {
			serving[item.Typed.Name] = item.Typed
		}
	}
	return serving
}

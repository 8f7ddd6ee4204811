// Package tolerate lets storage onto nodes that keep other pods away.
package tolerate

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/spec"
)

// Taints are the tolerations of every taint that one of the nodes has, each once
// and in the order of the nodes.
func Taints(nodes []spec.Node) []corev1.Toleration {
	var list []corev1.Toleration
	for _, node := range nodes {
		for _, taint := range node.Taints {
			t := corev1.Toleration{
				Key: taint.Key, Operator: corev1.TolerationOpEqual, Value: taint.Value,
				Effect: corev1.TaintEffect(taint.Effect),
			}
			if !slices.Contains(list, t) {
				list = append(list, t)
			}
		}
	}
	return list
}

package rook

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/components/rook/rookio"
	"github.com/home-ops/home-ops/spec"
)

// tolerations are those of every taint that one of the nodes has, each once and in the
// order of the nodes: they let storage onto nodes that keep other pods away.
func tolerations(nodes []spec.Node) []corev1.Toleration {
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

// placement lets a daemon onto the nodes whose disks Ceph takes, whatever their taints.
// It is nil when they have none.
func placement(nodes []spec.Node) *rookio.Placement {
	if list := tolerations(nodes); len(list) > 0 {
		return &rookio.Placement{Tolerations: list}
	}
	return nil
}

// placements is that of every daemon of Ceph; nil when the nodes have no taint.
func placements(nodes []spec.Node) map[string]rookio.Placement {
	if p := placement(nodes); p != nil {
		return map[string]rookio.Placement{"all": *p}
	}
	return nil
}

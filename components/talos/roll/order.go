package roll

import (
	"cmp"
	"slices"
)

// Order sorts nodes for a roll. A new release of Talos or Kubernetes goes to the
// control planes first, because a kubelet may not be newer than its API server
// (https://kubernetes.io/releases/version-skew-policy/) and Talos's API is passed on
// by control planes. Any other change goes to the workers first: what is wrong with it
// shows where the least is lost. The etcd leader is the last of the control planes, so
// that the leadership moves once. Otherwise the order of the nodes stays.
func Order(nodes []Node, newRelease bool, leader string) []Node {
	turn := func(n Node) int {
		switch {
		case n.ControlPlane != newRelease:
			// The other kind goes first.
			if n.ControlPlane && n.Name == leader {
				return 3
			}
			return 2
		case n.ControlPlane && n.Name == leader:
			return 1
		}
		return 0
	}
	sorted := slices.Clone(nodes)
	slices.SortStableFunc(sorted, func(a, b Node) int { return cmp.Compare(turn(a), turn(b)) })
	return sorted
}

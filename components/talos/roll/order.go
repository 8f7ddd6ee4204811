package roll

import (
	"cmp"
	"slices"
)

// Order sorts nodes for a roll. A new release of Talos or Kubernetes goes to the
// control planes first, because a kubelet may not be newer than its API server
// (https://kubernetes.io/releases/version-skew-policy/) and Talos's API is passed on
// by control planes. So does another authority of the Talos API, by which control planes
// sign the certificates of workers, and one that issues for the Kubernetes API, so that its API servers
// show certificates of two for as short as can be. Any other change goes to the workers first: what is wrong with it
// shows where the least is lost, and no worker's kubelet is refused when an authority of Kubernetes is dropped. The etcd leader is the last of the control planes, so
// that the leadership moves once. Those that are named first come before the others of
// their kind, the leader too. Otherwise the order of the nodes stays.
func Order(nodes []Node, planesFirst bool, leader string, first []string) []Node {
	if slices.Contains(first, leader) {
		leader = ""
	}
	place := func(n Node) int {
		if i := slices.Index(first, n.Name); i >= 0 {
			return i
		}
		return len(first)
	}
	turn := func(n Node) int {
		switch {
		case n.ControlPlane != planesFirst:
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
	slices.SortStableFunc(sorted, func(a, b Node) int {
		return cmp.Or(cmp.Compare(turn(a), turn(b)), cmp.Compare(place(a), place(b)))
	})
	return sorted
}

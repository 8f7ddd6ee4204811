package spec

import "fmt"

// CheckStep judges the way of a running component from one release to another. Talos, Kubernetes,
// Rook, Ceph, Cilium and Longhorn are upgraded by one minor at a time, and never set back by a minor: their
// makers test no other way. Between the patches of one minor every way is open. Versions that are no
// release numbers are for other rules to refuse. The sources:
// https://www.talos.dev/latest/talos-guides/upgrading-talos/#supported-upgrade-paths,
// https://kubernetes.io/releases/version-skew-policy/#supported-component-upgrade-order,
// https://docs.cilium.io/en/stable/operations/upgrade/,
// https://rook.io/docs/rook/latest/Upgrade/rook-upgrade/,
// https://longhorn.io/docs/latest/deploy/upgrade/.
func CheckStep(component string, from, to Version) error {
	was, known := from.parse()
	will, ok := to.parse()
	if !known || !ok {
		return nil
	}
	switch {
	case will.compareMinor(was) < 0:
		return fmt.Errorf("%s %s cannot be set back to %s; stay at %s, or restore a backup into a new cluster", component, from, to, from.Minor())
	case will.major == was.major && will.minor > was.minor+1:
		return fmt.Errorf("%s goes up by one minor at a time; upgrade from %s to a v%d.%d release first", component, from, was.major, was.minor+1)
	}
	return nil
}

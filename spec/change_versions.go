package spec

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

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

// versions judges the steps between releases, and says what they roll.
func (c *change) versions() {
	was, is := c.from.Cluster, c.to.Cluster
	for _, v := range []struct {
		path      *field.Path
		component string
		from, to  Version
	}{
		{field.NewPath("cluster", "talosVersion"), "Talos", was.TalosVersion, is.TalosVersion},
		{field.NewPath("cluster", "kubernetesVersion"), "Kubernetes", was.KubernetesVersion, is.KubernetesVersion},
		{field.NewPath("versions", "cilium"), "Cilium", c.from.Versions.Cilium, c.to.Versions.Cilium},
		{field.NewPath("versions", "rookCeph"), "Rook", c.from.Versions.RookCeph, c.to.Versions.RookCeph},
		{field.NewPath("versions", "longhorn"), "Longhorn", c.from.Versions.Longhorn, c.to.Versions.Longhorn},
	} {
		if err := CheckStep(v.component, v.from, v.to); err != nil {
			c.refuse(v.path, "%s", err)
		}
	}
	// Ceph's majors are its releases: https://docs.ceph.com/en/latest/releases/
	if before, after := c.from.Versions.Ceph, c.to.Versions.Ceph; before != after {
		b, known := before.parse()
		a, ok := after.parse()
		if known && ok && a.major < b.major {
			c.refuse(field.NewPath("versions", "ceph"), "Ceph %s cannot be set back to %s; stay at v%d", before, after, b.major)
		}
	}
	talos, kubernetes := was.TalosVersion.Minor() != is.TalosVersion.Minor(), was.KubernetesVersion.Minor() != is.KubernetesVersion.Minor()
	if talos && kubernetes {
		c.refuse(field.NewPath("cluster", "kubernetesVersion"), "Talos and Kubernetes go up one after the other, so that it is known which of them is to blame; apply cluster.talosVersion %s first, with Kubernetes %s", is.TalosVersion, was.KubernetesVersion)
	}
	away := ""
	if len(c.to.ControlPlanes()) < 3 {
		away = "; the API is away while a control plane reboots, because fewer than three have no quorum without one"
	}
	if was.TalosVersion != is.TalosVersion {
		c.announce(field.NewPath("cluster", "talosVersion"), "%s instead of %s is installed on %d machines, which reboot one after the other, control planes first%s", is.TalosVersion, was.TalosVersion, len(c.to.Nodes), away)
	}
	if was.KubernetesVersion != is.KubernetesVersion {
		c.announce(field.NewPath("cluster", "kubernetesVersion"), "%s instead of %s rolls over %d control planes, one after the other, and then over %d kubelets", is.KubernetesVersion, was.KubernetesVersion, len(c.to.ControlPlanes()), len(c.to.Nodes))
	}
}

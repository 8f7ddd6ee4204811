package spec

import (
	"maps"
	"slices"
)

// addNeeds gives the nodes what their storage wants of Talos: extensions and kernel modules. User
// volumes the kubelet sees by itself. Lists may be shared with nodeDefaults, so they are copied before they grow.
func (s *Stack) addNeeds() {
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if l := s.Storage.Longhorn; l != nil {
			// A volume is attached over iSCSI wherever its pod runs, not only where its data is.
			// https://longhorn.io/docs/latest/advanced-resources/os-distro-specific/talos-linux-support/
			if slices.Contains(l.Nodes, n.Name) || s.Schedulable(*n) {
				n.need("siderolabs/iscsi-tools")
				n.need("siderolabs/util-linux-tools")
			}
			if slices.Contains(l.Nodes, n.Name) {
				n.storeLonghorn(l)
			}
		}
		if z := s.Storage.ZFS; z != nil && slices.ContainsFunc(z.Pools, func(p ZFSPool) bool { return p.Node == n.Name }) {
			// https://github.com/siderolabs/extensions/tree/main/storage/zfs
			n.need("siderolabs/zfs")
			if !slices.ContainsFunc(n.KernelModules, func(m KernelModule) bool { return m.Name == "zfs" }) {
				n.KernelModules = append(slices.Clone(n.KernelModules), KernelModule{Name: "zfs"})
			}
		}
	}
}

// storeLonghorn has Longhorn put data on the node's volumes. Without the label it makes no disk there: the tree sets
// createDefaultDiskLabeledNodes, since nodes without the volume would otherwise store on EPHEMERAL. What the stack file
// says of the label itself stays.
func (n *Node) storeLonghorn(l *Longhorn) {
	labels := map[string]string{longhornDiskLabel: "true"}
	if len(l.Disks) > 0 {
		labels[longhornDiskLabel] = "config"
		n.Annotations = filled(n.Annotations, map[string]string{longhornDisksAnnotation: l.disksOf(*n)})
	}
	n.Labels = filled(n.Labels, labels)
}

// filled is a copy of what is there with what is missing.
func filled(there, missing map[string]string) map[string]string {
	out := maps.Clone(missing)
	maps.Copy(out, there)
	return out
}

func (n *Node) need(extension string) {
	if !slices.Contains(n.Extensions, extension) {
		n.Extensions = append(slices.Clone(n.Extensions), extension)
	}
}

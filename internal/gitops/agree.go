package gitops

import (
	"fmt"
	"path"
	"slices"

	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// feature is something that a stack turns on and that the tree brings.
type feature struct {
	key string
	on  bool
	// kustomization is the Kustomization that brings it, and component the name of a
	// folder among its components; empty for the whole of it. A component is asked for only
	// where the Kustomization is: nobody has to have monitoring.
	kustomization, component string
}

// features are those of a stack, with what brings them.
func features(s *spec.Stack) []feature {
	st := s.Storage
	return []feature{
		{"storage.longhorn", st.Longhorn != nil, "longhorn", ""},
		{"storage.longhorn", st.Longhorn != nil, "longhorn-classes", ""},
		{"storage.longhorn", st.Longhorn != nil, "monitoring-alerts", "longhorn"},
		{"storage.rookCeph", st.RookCeph != nil, "ceph-snapshots", ""},
		{"storage.rookCeph", st.RookCeph != nil, "monitoring-alerts", "ceph"},
		{"storage.zfs", st.ZFS != nil, "zfs-localpv", ""},
		{"storage.zfs", st.ZFS != nil, "zfs-pools", ""},
		{"storage.zfs", st.ZFS != nil, "zfs-classes", ""},
		{"storage.zfs", st.ZFS != nil, "monitoring-alerts", "zfs"},
		{"storage", len(st.Classes()) > 0, "snapshot-controller", ""},
		{"cilium.bgp", s.Cilium.BGP != nil, "monitoring-alerts", "bgp"},
		{"storage.longhorn", st.Longhorn != nil, "monitoring-dashboards", "longhorn"},
		{"storage.rookCeph", st.RookCeph != nil, "monitoring-dashboards", "ceph"},
		{"storage.zfs", st.ZFS != nil, "monitoring-dashboards", "zfs"},
		{"cilium.bgp", s.Cilium.BGP != nil, "monitoring-dashboards", "bgp"},
		{"cilium.l2", s.Cilium.L2.Enabled, "monitoring-dashboards", "l2"},
		{"edge.exposure.tunnel", s.Edge.Exposure == spec.ExposureTunnel, "monitoring-dashboards", "tunnel"},
	}
}

// CheckStack reports where the tree and the stack file disagree: a feature that the
// stack enables and the tree lacks, or the reverse; a storage class that the stack
// names and the tree lacks.
func (c *Cluster) CheckStack(s *spec.Stack) []error {
	var problems []error
	for _, f := range features(s) {
		what := "Kustomization " + f.kustomization
		if f.component != "" {
			what += " with the component " + f.component
		}
		if f.component != "" && !c.has(f.kustomization) {
			continue
		}
		switch has := c.brings(f); {
		case f.on && !has:
			problems = append(problems, fmt.Errorf("%s: the stack has %s, but not %s; add it", c.folder(), f.key, what))
		case !f.on && has:
			problems = append(problems, fmt.Errorf("%s: it has %s, but the stack has no %s; take it away", c.folder(), what, f.key))
		}
	}
	problems = append(problems, c.CheckNeeds(s)...)
	problems = append(problems, c.checkBaseline(s)...)
	return append(problems, c.checkClasses(s)...)
}

func (c *Cluster) has(kustomization string) bool {
	return slices.ContainsFunc(c.Kustomizations, func(k *Kustomization) bool { return k.Name == kustomization })
}

func (c *Cluster) brings(f feature) bool {
	return slices.ContainsFunc(c.Kustomizations, func(k *Kustomization) bool {
		return k.Name == f.kustomization && (f.component == "" || slices.ContainsFunc(k.Spec.Components,
			func(folder string) bool { return path.Base(folder) == f.component }))
	})
}

// checkClasses looks for the storage classes that no chart makes by itself.
func (c *Cluster) checkClasses(s *spec.Stack) []error {
	if s.Storage.ZFS == nil {
		return nil
	}
	var problems []error
	for _, pool := range s.Storage.ZFS.Pools {
		id := plan.ID{Group: "storage.k8s.io", Kind: "StorageClass", Name: "zfs-" + pool.Name}
		if !slices.ContainsFunc(c.Objects, func(o Object) bool { return o.ID() == id }) {
			problems = append(problems, fmt.Errorf("%s: the stack has the ZFS pool %s, but the tree no %s; add it beside the others",
				c.folder(), pool.Name, id))
		}
	}
	return problems
}

package spec

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Component is what has a version of its own in a stack file.
type Component string

// The components that the tables speak of, and those that go with them.
const (
	Talos              Component = "talos"
	Kubernetes         Component = "kubernetes"
	CiliumChart        Component = "cilium"
	GatewayAPIKinds    Component = "gatewayAPI"
	FluxDistribution   Component = "flux"
	RookChart          Component = "rookCeph"
	CSIDriversChart    Component = "cephCSIDrivers"
	CephImage          Component = "ceph"
	SnapshotController Component = "snapshotController"
	LonghornChart      Component = "longhorn"
	CertManagerChart   Component = "certManager"
	ExternalSecrets    Component = "externalSecrets"
)

// componentFacts is what is said of a component.
type componentFacts struct {
	Component
	// title is its name in sentences and in the tables, path its key in the stack file.
	title string
	path  *field.Path
	// oneByOne tells that its makers want every minor release on the way to be run.
	oneByOne bool
	// rolls is what goes down when its version changes.
	rolls string
}

// components are in the order in which they are told.
var components = []componentFacts{
	{Talos, "Talos", field.NewPath("cluster", "talosVersion"), true, "every machine reboots into the new image, one at a time"},
	{Kubernetes, "Kubernetes", field.NewPath("cluster", "kubernetesVersion"), true, "the control planes' pods one node after the other, then every kubelet; no reboot"},
	{CiliumChart, "Cilium", field.NewPath("versions", "cilium"), true, "the agents restart node by node; BGP sessions drop for seconds, new connections through Envoy wait"},
	{GatewayAPIKinds, "Gateway API", field.NewPath("versions", "gatewayAPI"), false, "custom resource definitions only"},
	{FluxDistribution, "Flux", field.NewPath("versions", "flux"), false, "the Flux controllers; nothing that they manage"},
	{RookChart, "Rook", field.NewPath("versions", "rookCeph"), true, "the operator and the CSI driver; then Ceph's daemons one by one"},
	{CSIDriversChart, "Ceph's CSI drivers", field.NewPath("versions", "cephCSIDrivers"), false, "the CSI driver, node by node; mounted volumes stay"},
	{CephImage, "Ceph", field.NewPath("versions", "ceph"), true, "monitors, managers and OSDs one by one, while the cluster is healthy"},
	{SnapshotController, "snapshot-controller", field.NewPath("versions", "snapshotController"), false, "the snapshot controller; snapshots wait"},
	{LonghornChart, "Longhorn", field.NewPath("versions", "longhorn"), true, "managers and CSI driver; volumes go on, with their old engine until it is upgraded"},
	{CertManagerChart, "cert-manager", field.NewPath("versions", "certManager"), false, "its controllers; certificates stay"},
	{ExternalSecrets, "External Secrets", field.NewPath("versions", "externalSecrets"), false, "its controllers; Secrets stay"},
}

// facts panics for a component that the table lacks: the constants above are all in it, and data is checked first.
func (c Component) facts() componentFacts {
	i := slices.IndexFunc(components, func(f componentFacts) bool { return f.Component == c })
	return components[i]
}

func (c Component) title() string { return c.facts().title }

// path is the component's key in the stack file.
func (c Component) path() *field.Path { return c.facts().path }

// VersionSet is a release of each component that a stack runs.
type VersionSet map[Component]Version

// VersionSet returns the releases of what the stack runs.
func (s *Stack) VersionSet() VersionSet { return s.versionSet() }

func (s *Stack) versionSet() VersionSet {
	v := s.Versions
	set := VersionSet{
		Talos: s.Cluster.TalosVersion, Kubernetes: s.Cluster.KubernetesVersion,
		CiliumChart: v.Cilium, FluxDistribution: v.Flux, CertManagerChart: v.CertManager,
	}
	if s.Cilium.GatewayAPI.Enabled {
		set[GatewayAPIKinds] = v.GatewayAPI
	}
	if s.Storage.RookCeph != nil {
		set[RookChart], set[CephImage] = v.RookCeph, v.Ceph
	}
	if s.HasCSIDriversChart() {
		set[CSIDriversChart] = v.CephCSIDrivers
	}
	if s.Storage.Longhorn != nil {
		set[LonghornChart] = v.Longhorn
	}
	if s.Storage.RookCeph != nil || s.Storage.Longhorn != nil || s.Storage.ZFS != nil {
		set[SnapshotController] = v.SnapshotController
	}
	if s.Secrets.OnePassword != nil {
		set[ExternalSecrets] = v.ExternalSecrets
	}
	return set
}

// names are the set's components in the order of the table of components.
func (s VersionSet) names() []Component {
	var names []Component
	for _, c := range components {
		if _, ok := s[c.Component]; ok {
			names = append(names, c.Component)
		}
	}
	return names
}

// meeting is a component and another one whose release it depends on.
type meeting struct{ component, with Component }

// meetings are the pairs that the tables have rows for, among what the set holds. Talos and Kubernetes are not among
// them: of these a wrong pair is an error, see talosAndKubernetes.
func (s VersionSet) meetings() []meeting {
	var all []meeting
	for _, m := range []meeting{
		{CiliumChart, Kubernetes},
		{CiliumChart, GatewayAPIKinds},
		{FluxDistribution, Kubernetes},
		{RookChart, Kubernetes},
		{RookChart, CephImage},
		{RookChart, CSIDriversChart},
		{SnapshotController, Kubernetes},
		{LonghornChart, Kubernetes},
		{CertManagerChart, Kubernetes},
		{ExternalSecrets, Kubernetes},
	} {
		_, one := s[m.component]
		_, other := s[m.with]
		if one && other {
			all = append(all, m)
		}
	}
	return all
}

// NewestTalos is the newest minor release of Talos that machine configurations are made for: that of the Talos library
// that the program is built with.
func NewestTalos() Version {
	minors := known("Talos", "Kubernetes")
	return slices.MaxFunc(minors, Version.compareMinor)
}

// Components are what the set holds, in the order in which they are told.
func (s VersionSet) Components() []Component { return s.names() }

// Key is the component's place in the stack file.
func (c Component) Key() string { return c.path().String() }

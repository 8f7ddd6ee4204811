package charts

import (
	"path"

	"github.com/home-ops/home-ops/spec"
)

// row is one chart: where the genuine one is published, and what its stand-in is made of. The folder with its name
// holds its templates and default values.
type row struct {
	// host and path are those of the genuine chart's registry, or of its repository where that is a classic one.
	host, path string
	classic    bool
	// name is the chart's, and its folder's.
	name string
	// version is that of a chart which the tree installs in a version that the stack decides; nil for one of which the
	// plan or the tree names the version.
	version func(spec.Versions) spec.Version
	// kinds are the sets of definitions that come with it.
	kinds []string
	// kindsSince are further sets, each with the first release of the chart that brings it.
	kindsSince map[string]spec.Version
	// installOnly puts the kinds where Helm installs them once and never upgrades them, as the genuine chart has them;
	// else they are rendered by the template that includes "definitions".
	installOnly bool
}

var table = []row{
	{host: "quay.io", path: "cilium/charts", name: "cilium"},
	{
		host: "ghcr.io", path: "controlplaneio-fluxcd/charts", name: "flux-operator",
		kinds: []string{"flux-operator"},
	},
	{host: "ghcr.io", path: "controlplaneio-fluxcd/charts", name: "flux-instance"},
	{
		host: "quay.io", path: "jetstack/charts", name: "cert-manager",
		kinds: []string{"cert-manager"},
	},
	{
		host: "ghcr.io", path: "home-operations/charts-mirror", name: "external-dns",
		kinds: []string{"external-dns"}, installOnly: true,
	},
	{
		host: "ghcr.io", path: "external-secrets/charts", name: "external-secrets",
		kinds: []string{"external-secrets"},
	},
	{host: "ghcr.io", path: "1password", name: "connect"},
	{host: "ghcr.io", path: "k8s-gateway/charts", name: "k8s-gateway"},
	{
		host: "ghcr.io", path: "piraeusdatastore/helm-charts", name: "snapshot-controller",
		version: func(v spec.Versions) spec.Version { return v.SnapshotController },
		kinds:   []string{"snapshot"}, installOnly: true,
	},
	{
		host: "ghcr.io", path: "prometheus-community/charts", name: "kube-prometheus-stack",
		kinds: []string{"prometheus-operator"}, installOnly: true,
	},
	{host: "ghcr.io", path: "prometheus-community/charts", name: "prometheus-blackbox-exporter"},
	{host: "ghcr.io", path: "victoriametrics/helm-charts", name: "victoria-logs-single"},
	{host: "ghcr.io", path: "victoriametrics/helm-charts", name: "victoria-logs-collector"},
	{host: "ghcr.io", path: "home-operations/charts-mirror", name: "metrics-server"},
	{host: "ghcr.io", path: "home-operations/charts-mirror", name: "volsync", kinds: []string{"volsync"}},
	{host: "ghcr.io", path: "stakater/charts", name: "reloader"},
	{host: "ghcr.io", path: "spegel-org/helm-charts", name: "spegel"},
	{
		classic: true, host: "charts.rook.io", path: "release", name: "rook-ceph",
		kinds: []string{"rook", "objectbucket"},
		// Those of the CSI operator, whose chart is a part of it from then on.
		kindsSince: map[string]spec.Version{"ceph-csi": "v1.18.0"},
	},
	{classic: true, host: "ceph.github.io", path: "ceph-csi-operator", name: "ceph-csi-drivers"},
	{
		classic: true, host: "charts.longhorn.io", name: "longhorn",
		version: func(v spec.Versions) spec.Version { return v.Longhorn },
		kinds:   []string{"longhorn"},
	},
	{
		classic: true, host: "openebs.github.io", path: "zfs-localpv", name: "zfs-localpv",
		version: func(v spec.Versions) spec.Version { return v.ZFSLocalPV },
		kinds:   []string{"zfs-localpv"}, installOnly: true,
	},
}

// place is where the genuine chart is published, as the lock has it.
func (r row) place() string {
	scheme := "oci://"
	if r.classic {
		scheme = "https://"
	}
	return scheme + path.Join(r.host, r.path, r.name)
}

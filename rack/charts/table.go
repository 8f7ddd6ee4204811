package charts

import "github.com/home-ops/home-ops/spec"

// row is one chart: where the genuine one is published, and what its stand-in is made of. The folder with its name
// holds its templates and default values.
type row struct {
	// host and path are those of the genuine chart's registry.
	host, path string
	// name is the chart's, and its folder's.
	name string
	// version is the one that a stack decides; nil for a chart of the tree, which names its version itself.
	version func(spec.Versions) spec.Version
	// kinds are the sets of definitions that come with it.
	kinds []string
	// installOnly puts the kinds where Helm installs them once and never upgrades them, as the genuine chart has them;
	// else they are rendered by the template that includes "definitions".
	installOnly bool
}

var registryCharts = []row{
	{
		host: "quay.io", path: "cilium/charts", name: "cilium",
		version: func(v spec.Versions) spec.Version { return v.Cilium },
	},
	{
		host: "ghcr.io", path: "rook", name: "rook-ceph",
		version: func(v spec.Versions) spec.Version { return v.RookCeph },
		kinds:   []string{"rook", "objectbucket"},
	},
	{
		host: "ghcr.io", path: "controlplaneio-fluxcd/charts", name: "flux-operator",
		version: func(v spec.Versions) spec.Version { return v.FluxOperator },
		kinds:   []string{"flux-operator"},
	},
	{
		host: "ghcr.io", path: "controlplaneio-fluxcd/charts", name: "flux-instance",
		version: func(v spec.Versions) spec.Version { return v.FluxInstance },
	},
	{
		host: "quay.io", path: "jetstack/charts", name: "cert-manager",
		version: func(v spec.Versions) spec.Version { return v.CertManager },
		kinds:   []string{"cert-manager"},
	},
	{
		host: "ghcr.io", path: "home-operations/charts-mirror", name: "external-dns",
		version: func(v spec.Versions) spec.Version { return v.ExternalDNS },
		kinds:   []string{"external-dns"}, installOnly: true,
	},
	{
		host: "ghcr.io", path: "external-secrets/charts", name: "external-secrets",
		version: func(v spec.Versions) spec.Version { return v.ExternalSecrets },
		kinds:   []string{"external-secrets"},
	},
	{
		host: "ghcr.io", path: "1password", name: "connect",
		version: func(v spec.Versions) spec.Version { return v.OnePasswordConnect },
	},
	{
		host: "ghcr.io", path: "k8s-gateway/charts", name: "k8s-gateway",
		version: func(v spec.Versions) spec.Version { return v.K8sGateway },
	},
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
	{host: "ghcr.io", path: "bjw-s-labs/helm", name: "app-template"},
}

// repositoryCharts are those in classic repositories, whose path is that of the repository.
var repositoryCharts = []row{
	{
		host: "charts.longhorn.io", name: "longhorn",
		version: func(v spec.Versions) spec.Version { return v.Longhorn },
		kinds:   []string{"longhorn"},
	},
	{
		host: "openebs.github.io", path: "zfs-localpv", name: "zfs-localpv",
		version: func(v spec.Versions) spec.Version { return v.ZFSLocalPV },
		kinds:   []string{"zfs-localpv"}, installOnly: true,
	},
}

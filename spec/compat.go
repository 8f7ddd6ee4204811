package spec

import "slices"

// supported is one row of the table of versions that go together: releases of a component and the range of
// another one's minors that its makers support or test.
type supported struct {
	// component and minor name the release; patch is the first patch release for which the row holds.
	component, minor string
	patch            int
	// of is what the range counts, by its title: Kubernetes, Ceph, the Gateway API or the drivers of CSI.
	of       string
	from, to string
	source   string
}

// The places that speak of several rows.
const (
	talosSource           = "https://github.com/siderolabs/talos/tree/v1.14.1/pkg/machinery/compatibility"
	certManagerSource     = "https://cert-manager.io/docs/releases/"
	externalSecretsSource = "https://external-secrets.io/latest/introduction/stability-support/"
)

// supportTable holds each row with the place where it is written. An empty end of a range is open.
var supportTable = []supported{
	{component: "Talos", minor: "v1.10", of: "Kubernetes", from: "v1.28", to: "v1.33", source: talosSource},
	{component: "Talos", minor: "v1.11", of: "Kubernetes", from: "v1.29", to: "v1.34", source: talosSource},
	{component: "Talos", minor: "v1.12", of: "Kubernetes", from: "v1.30", to: "v1.35", source: talosSource},
	{component: "Talos", minor: "v1.13", of: "Kubernetes", from: "v1.31", to: "v1.36", source: talosSource},
	{component: "Talos", minor: "v1.14", of: "Kubernetes", from: "v1.32", to: "v1.37", source: talosSource},

	{component: "Cilium", minor: "v1.18", of: "Kubernetes", from: "v1.30", to: "v1.33", source: "https://github.com/cilium/cilium/blob/v1.18.14/Documentation/network/kubernetes/compatibility.rst"},
	{component: "Cilium", minor: "v1.19", of: "Kubernetes", from: "v1.32", to: "v1.35", source: "https://github.com/cilium/cilium/blob/v1.19.4/Documentation/network/kubernetes/compatibility.rst"},
	{component: "Cilium", minor: "v1.20", of: "Kubernetes", from: "v1.33", to: "v1.36", source: "https://github.com/cilium/cilium/blob/v1.20.2/Documentation/network/kubernetes/compatibility.rst"},
	{component: "Cilium", minor: "v1.18", of: "Gateway API", from: "v1.2", to: "v1.3", source: "https://github.com/cilium/cilium/blob/v1.18.2/Documentation/network/servicemesh/gateway-api/installation.rst"},
	{component: "Cilium", minor: "v1.19", of: "Gateway API", from: "v1.4", to: "v1.4", source: "https://github.com/cilium/cilium/blob/v1.19.4/Documentation/network/servicemesh/gateway-api/installation.rst"},
	{component: "Cilium", minor: "v1.20", of: "Gateway API", from: "v1.6", to: "v1.6", source: "https://docs.cilium.io/en/v1.20/operations/upgrade/"},

	{component: "Rook", minor: "v1.15", of: "Kubernetes", from: "v1.26", to: "v1.31", source: "https://github.com/rook/rook/blob/v1.15.0/Documentation/Getting-Started/Prerequisites/prerequisites.md"},
	{component: "Rook", minor: "v1.16", of: "Kubernetes", from: "v1.27", to: "v1.32", source: "https://github.com/rook/rook/blob/v1.16.3/Documentation/Getting-Started/Prerequisites/prerequisites.md"},
	{component: "Rook", minor: "v1.17", of: "Kubernetes", from: "v1.28", to: "v1.32", source: "https://github.com/rook/rook/blob/v1.17.0/Documentation/Getting-Started/Prerequisites/prerequisites.md"},
	{component: "Rook", minor: "v1.18", of: "Kubernetes", from: "v1.29", to: "v1.33", source: "https://github.com/rook/rook/blob/v1.18.0/Documentation/Getting-Started/Prerequisites/prerequisites.md"},
	{component: "Rook", minor: "v1.18", patch: 4, of: "Kubernetes", from: "v1.29", to: "v1.34", source: "https://github.com/rook/rook/blob/v1.18.4/Documentation/Getting-Started/Prerequisites/prerequisites.md"},
	{component: "Rook", minor: "v1.19", of: "Kubernetes", from: "v1.30", to: "v1.35", source: "https://github.com/rook/rook/blob/v1.19.0/Documentation/Getting-Started/Prerequisites/prerequisites.md"},
	{component: "Rook", minor: "v1.20", of: "Kubernetes", from: "v1.31", to: "v1.36", source: "https://github.com/rook/rook/blob/v1.20.0/Documentation/Getting-Started/Prerequisites/prerequisites.md"},

	// What Rook says of Ceph; both series of a row are supported.
	{component: "Rook", minor: "v1.15", of: "Ceph", from: "v17.2", to: "v18.2", source: "https://github.com/rook/rook/blob/v1.15.0/Documentation/Upgrade/ceph-upgrade.md"},
	{component: "Rook", minor: "v1.16", of: "Ceph", from: "v18.2", to: "v19.2", source: "https://github.com/rook/rook/blob/v1.16.3/Documentation/Upgrade/ceph-upgrade.md"},
	{component: "Rook", minor: "v1.17", of: "Ceph", from: "v18.2", to: "v19.2", source: "https://github.com/rook/rook/blob/v1.17.0/Documentation/Upgrade/ceph-upgrade.md"},
	{component: "Rook", minor: "v1.18", of: "Ceph", from: "v18.2", to: "v19.2", source: "https://github.com/rook/rook/blob/v1.18.4/Documentation/Upgrade/ceph-upgrade.md"},
	{component: "Rook", minor: "v1.19", of: "Ceph", from: "v19.2", to: "v20.2", source: "https://github.com/rook/rook/blob/v1.19.0/Documentation/Upgrade/ceph-upgrade.md"},
	{component: "Rook", minor: "v1.20", of: "Ceph", from: "v19.2", to: "v20.2", source: "https://github.com/rook/rook/blob/v1.20.3/Documentation/Upgrade/ceph-upgrade.md"},

	// The drivers' chart is of the CSI operator's release, which Rook's chart brings.
	{component: "Rook", minor: "v1.20", of: "Ceph's CSI drivers", from: "v1.0", to: "v1.0", source: "https://github.com/rook/rook/blob/v1.20.3/deploy/charts/rook-ceph/Chart.yaml"},

	// The releases that it is tested with; its chart refuses none of today's. From these patch releases on its CSI provisioner
	// wants v1.34 (https://github.com/longhorn/longhorn/issues/13577).
	{component: "Longhorn", minor: "v1.8", of: "Kubernetes", from: "v1.31", to: "v1.33", source: "https://longhorn.io/docs/1.8.2/best-practices/"},
	{component: "Longhorn", minor: "v1.9", of: "Kubernetes", from: "v1.30", to: "v1.33", source: "https://longhorn.io/docs/1.9.2/best-practices/"},
	{component: "Longhorn", minor: "v1.11", of: "Kubernetes", from: "v1.32", to: "v1.34", source: "https://longhorn.io/docs/1.11.0/best-practices/"},
	{component: "Longhorn", minor: "v1.11", patch: 3, of: "Kubernetes", from: "v1.34", to: "v1.36", source: "https://longhorn.io/docs/1.11.3/best-practices/"},
	{component: "Longhorn", minor: "v1.12", of: "Kubernetes", from: "v1.34", to: "v1.36", source: "https://longhorn.io/docs/1.12.1/best-practices/"},

	// Its makers name an oldest release and no newest one
	// (https://kubernetes-csi.github.io/docs/sidecar-containers.html#versioning).
	{component: "snapshot-controller", minor: "v4.1", of: "Kubernetes", from: "v1.25", source: "https://github.com/piraeusdatastore/helm-charts/blob/snapshot-controller-4.1.1/charts/snapshot-controller/Chart.yaml"},
	{component: "snapshot-controller", minor: "v5.0", of: "Kubernetes", from: "v1.25", source: "https://github.com/piraeusdatastore/helm-charts/blob/snapshot-controller-5.0.0/charts/snapshot-controller/Chart.yaml"},
	{component: "snapshot-controller", minor: "v5.1", of: "Kubernetes", from: "v1.25", source: "https://github.com/piraeusdatastore/helm-charts/blob/snapshot-controller-5.1.1/charts/snapshot-controller/Chart.yaml"},
	{component: "snapshot-controller", minor: "v5.2", of: "Kubernetes", from: "v1.25", source: "https://github.com/piraeusdatastore/helm-charts/blob/snapshot-controller-5.2.0/charts/snapshot-controller/Chart.yaml"},

	{component: "cert-manager", minor: "v1.17", of: "Kubernetes", from: "v1.29", to: "v1.33", source: certManagerSource},
	{component: "cert-manager", minor: "v1.18", of: "Kubernetes", from: "v1.29", to: "v1.33", source: certManagerSource},
	{component: "cert-manager", minor: "v1.19", of: "Kubernetes", from: "v1.31", to: "v1.35", source: certManagerSource},
	{component: "cert-manager", minor: "v1.20", of: "Kubernetes", from: "v1.32", to: "v1.35", source: certManagerSource},
	{component: "cert-manager", minor: "v1.21", of: "Kubernetes", from: "v1.33", to: "v1.36", source: certManagerSource},

	{component: "External Secrets", minor: "v0.16", of: "Kubernetes", from: "v1.32", to: "v1.32", source: externalSecretsSource},
	{component: "External Secrets", minor: "v0.17", of: "Kubernetes", from: "v1.33", to: "v1.33", source: externalSecretsSource},
	{component: "External Secrets", minor: "v0.18", of: "Kubernetes", from: "v1.33", to: "v1.33", source: externalSecretsSource},
	{component: "External Secrets", minor: "v0.19", of: "Kubernetes", from: "v1.33", to: "v1.33", source: externalSecretsSource},
	{component: "External Secrets", minor: "v0.20", of: "Kubernetes", from: "v1.34", to: "v1.34", source: externalSecretsSource},
	{component: "External Secrets", minor: "v1.0", of: "Kubernetes", from: "v1.34", to: "v1.34", source: externalSecretsSource},
	{component: "External Secrets", minor: "v1.1", of: "Kubernetes", from: "v1.34", to: "v1.34", source: externalSecretsSource},
	{component: "External Secrets", minor: "v1.2", of: "Kubernetes", from: "v1.34", to: "v1.34", source: externalSecretsSource},
	{component: "External Secrets", minor: "v1.3", of: "Kubernetes", from: "v1.34", to: "v1.34", source: externalSecretsSource},
	{component: "External Secrets", minor: "v2.0", of: "Kubernetes", from: "v1.34", to: "v1.35", source: externalSecretsSource},
	{component: "External Secrets", minor: "v2.1", of: "Kubernetes", from: "v1.34", to: "v1.35", source: externalSecretsSource},
	{component: "External Secrets", minor: "v2.2", of: "Kubernetes", from: "v1.34", to: "v1.35", source: externalSecretsSource},
	{component: "External Secrets", minor: "v2.3", of: "Kubernetes", from: "v1.34", to: "v1.35", source: externalSecretsSource},
	{component: "External Secrets", minor: "v2.4", of: "Kubernetes", from: "v1.34", to: "v1.35", source: externalSecretsSource},
	{component: "External Secrets", minor: "v2.5", of: "Kubernetes", from: "v1.34", to: "v1.35", source: externalSecretsSource},
	{component: "External Secrets", minor: "v2.6", of: "Kubernetes", from: "v1.34", to: "v1.35", source: externalSecretsSource},
	{component: "External Secrets", minor: "v2.7", of: "Kubernetes", from: "v1.35", to: "v1.35", source: externalSecretsSource},
	{component: "External Secrets", minor: "v2.8", of: "Kubernetes", from: "v1.35", to: "v1.36", source: externalSecretsSource},
	{component: "External Secrets", minor: "v2.9", of: "Kubernetes", from: "v1.36", to: "v1.36", source: externalSecretsSource},

	// The oldest that its own check lets pass, and the newest that its makers' conformance tests run.
	{component: "Flux", minor: "v2.6", of: "Kubernetes", from: "v1.31", to: "v1.33", source: "https://github.com/fluxcd/flux2/blob/v2.6.4/.github/workflows/conformance.yaml"},
	{component: "Flux", minor: "v2.7", of: "Kubernetes", from: "v1.32", to: "v1.34", source: "https://github.com/fluxcd/flux2/blob/v2.7.5/.github/workflows/conformance.yaml"},
	{component: "Flux", minor: "v2.8", of: "Kubernetes", from: "v1.33", to: "v1.35", source: "https://github.com/fluxcd/flux2/blob/v2.8.8/.github/workflows/conformance.yaml"},
	{component: "Flux", minor: "v2.9", of: "Kubernetes", from: "v1.33", to: "v1.36", source: "https://github.com/fluxcd/flux2/blob/v2.9.4/.github/workflows/conformance.yaml"},
}

// supportOf finds the row that holds for a release: that of its minor with the highest patch not above it.
func supportOf(component string, v Version, of string) (supported, bool) {
	s, ok := v.parse()
	if !ok {
		return supported{}, false
	}
	best, found := supported{}, false
	for _, row := range supportTable {
		if row.component == component && row.of == of && row.minor == v.Minor() && row.patch <= s.patch && (!found || row.patch >= best.patch) {
			best, found = row, true
		}
	}
	return best, found
}

// known are the minors of a component that the table has rows for, oldest first.
func known(component, of string) []Version {
	var minors []Version
	for _, row := range supportTable {
		if row.component == component && row.of == of && !slices.Contains(minors, Version(row.minor)) {
			minors = append(minors, Version(row.minor))
		}
	}
	return minors
}

// covers reports whether the range holds v.
func (r supported) covers(v Version) bool {
	got, ok := v.parse()
	if !ok {
		return true
	}
	if low, ok := Version(r.from).parse(); ok && got.compareMinor(low) < 0 {
		return false
	}
	high, ok := Version(r.to).parse()
	return !ok || got.compareMinor(high) <= 0
}

// span is the range in words.
func (r supported) span() string {
	switch {
	case r.to == "":
		return r.from + " and later"
	case r.from == r.to:
		return r.from
	default:
		return r.from + " to " + r.to
	}
}

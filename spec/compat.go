package spec

// supported is one row of the table of versions that go together: releases of a component and the range of
// another one's minors that its makers support or test.
type supported struct {
	// component and minor name the release; patch is the first patch release for which the row holds.
	component, minor string
	patch            int
	// of is what the range counts: Kubernetes, or the Gateway API.
	of       string
	from, to string
	source   string
}

const talosSource = "https://github.com/siderolabs/talos/tree/main/pkg/machinery/compatibility"

// supportTable holds each row with the place where it is written. An empty end of a range is open.
var supportTable = []supported{
	{component: "Talos", minor: "v1.10", of: "Kubernetes", from: "v1.28", to: "v1.33", source: talosSource},
	{component: "Talos", minor: "v1.11", of: "Kubernetes", from: "v1.29", to: "v1.34", source: talosSource},
	{component: "Talos", minor: "v1.12", of: "Kubernetes", from: "v1.30", to: "v1.35", source: talosSource},
	{component: "Talos", minor: "v1.13", of: "Kubernetes", from: "v1.31", to: "v1.36", source: talosSource},
	{component: "Talos", minor: "v1.14", of: "Kubernetes", from: "v1.32", to: "v1.37", source: talosSource},
	{component: "Talos", minor: "v1.15", of: "Kubernetes", from: "v1.33", to: "v1.38", source: talosSource},

	{component: "Cilium", minor: "v1.18", of: "Kubernetes", from: "v1.30", to: "v1.33", source: "https://github.com/cilium/cilium/blob/v1.18.14/Documentation/network/kubernetes/compatibility.rst"},
	{component: "Cilium", minor: "v1.19", of: "Kubernetes", from: "v1.32", to: "v1.35", source: "https://github.com/cilium/cilium/blob/v1.19.4/Documentation/network/kubernetes/compatibility.rst"},
	{component: "Cilium", minor: "v1.18", of: "Gateway API", from: "v1.2", to: "v1.3", source: "https://github.com/cilium/cilium/blob/v1.18.2/Documentation/network/servicemesh/gateway-api/installation.rst"},
	{component: "Cilium", minor: "v1.19", of: "Gateway API", from: "v1.4", to: "v1.4", source: "https://github.com/cilium/cilium/blob/v1.19.4/Documentation/network/servicemesh/gateway-api/installation.rst"},

	{component: "Rook", minor: "v1.15", of: "Kubernetes", from: "v1.26", to: "v1.31", source: "https://github.com/rook/rook/blob/v1.15.0/Documentation/Getting-Started/Prerequisites/prerequisites.md"},
	{component: "Rook", minor: "v1.16", of: "Kubernetes", from: "v1.27", to: "v1.32", source: "https://github.com/rook/rook/blob/v1.16.3/Documentation/Getting-Started/Prerequisites/prerequisites.md"},
	{component: "Rook", minor: "v1.17", of: "Kubernetes", from: "v1.28", to: "v1.32", source: "https://github.com/rook/rook/blob/v1.17.0/Documentation/Getting-Started/Prerequisites/prerequisites.md"},
	{component: "Rook", minor: "v1.18", of: "Kubernetes", from: "v1.29", to: "v1.33", source: "https://github.com/rook/rook/blob/v1.18.0/Documentation/Getting-Started/Prerequisites/prerequisites.md"},
	{component: "Rook", minor: "v1.18", patch: 4, of: "Kubernetes", from: "v1.29", to: "v1.34", source: "https://github.com/rook/rook/blob/v1.18.4/Documentation/Getting-Started/Prerequisites/prerequisites.md"},
	{component: "Rook", minor: "v1.19", of: "Kubernetes", from: "v1.30", to: "v1.35", source: "https://github.com/rook/rook/blob/v1.19.0/Documentation/Getting-Started/Prerequisites/prerequisites.md"},
	{component: "Rook", minor: "v1.20", of: "Kubernetes", from: "v1.31", to: "v1.36", source: "https://github.com/rook/rook/blob/v1.20.0/Documentation/Getting-Started/Prerequisites/prerequisites.md"},

	{component: "Flux", minor: "v2.6", of: "Kubernetes", from: "v1.31", source: "https://github.com/fluxcd/flux2/blob/v2.6.4/cmd/flux/check.go"},
	{component: "Flux", minor: "v2.7", of: "Kubernetes", from: "v1.32", source: "https://github.com/fluxcd/flux2/blob/v2.7.5/cmd/flux/check.go"},
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

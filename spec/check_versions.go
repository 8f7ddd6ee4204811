package spec

import (
	"reflect"
	"strings"
)

// oldestTalos is the first release with user volumes, which machine configurations are written with
// (https://www.talos.dev/v1.10/introduction/what-is-new/).
const oldestTalos = Version("v1.10")

// oldestFlux is the first release that applies a changed setting at once and tries a failed Helm release again for
// as long as it fails; the Git tree asks for both (https://fluxcd.io/blog/2025/09/flux-v2.7.0/).
const oldestFlux = Version("v2.7")

// versions checks every release number, and that those that meet go together.
func (c *checker) versions() {
	cl := c.s.Cluster
	talos := c.release("cluster.talosVersion", cl.TalosVersion, "v1.11.1")
	kubernetes := c.release("cluster.kubernetesVersion", cl.KubernetesVersion, "v1.34.1")
	c.contract(talos)
	if talos && kubernetes {
		c.talosAndKubernetes()
	}
	c.chartVersions()
	c.fluxIsNewEnough()
	if kubernetes {
		c.together("versions.cilium", "Cilium", c.s.Versions.Cilium, "Kubernetes", cl.KubernetesVersion)
		c.together("versions.flux", "Flux", c.s.Versions.Flux, "Kubernetes", cl.KubernetesVersion)
		if c.s.Storage.RookCeph != nil {
			c.together("versions.rookCeph", "Rook", c.s.Versions.RookCeph, "Kubernetes", cl.KubernetesVersion)
		}
	}
	if c.s.Cilium.GatewayAPI.Enabled {
		c.together("versions.gatewayAPI", "Cilium", c.s.Versions.Cilium, "Gateway API", c.s.Versions.GatewayAPI)
	}
}

// release checks a full release number with its leading v.
func (c *checker) release(path string, v Version, example string) bool {
	if v == "" {
		return false
	}
	s, ok := v.parse()
	switch {
	case !ok:
		c.errorf(path, "%q is not a release number such as %s", v, example)
	case !strings.HasPrefix(string(v), "v"):
		c.errorf(path, "%q lacks its leading v; write \"v%s\"", v, v)
	case !s.hasPatch:
		c.errorf(path, "%q names no patch release; write for example %s", v, example)
	default:
		return true
	}
	return false
}

func (c *checker) contract(talosKnown bool) {
	const path = "cluster.talosContract"
	v := c.s.Cluster.TalosContract
	if v == "" {
		return
	}
	contract, ok := v.parse()
	if !ok || !strings.HasPrefix(string(v), "v") {
		c.errorf(path, "%q is not a Talos minor version such as v1.11", v)
		return
	}
	talos, _ := c.s.Cluster.TalosVersion.parse()
	if talosKnown && contract.compareMinor(talos) > 0 {
		c.errorf(path, "%s is newer than cluster.talosVersion (%s): that Talos would refuse keys that it does not know", v, c.s.Cluster.TalosVersion)
	}
}

func (c *checker) talosAndKubernetes() {
	cl := c.s.Cluster
	talos, _ := cl.TalosVersion.parse()
	oldest, _ := oldestTalos.parse()
	if talos.compareMinor(oldest) < 0 {
		c.errorf("cluster.talosVersion", "%s is older than %s, the first that these machine configurations are written for", cl.TalosVersion, oldestTalos)
		return
	}
	row, ok := supportOf("Talos", cl.TalosVersion, "Kubernetes")
	if !ok {
		c.warnf("cluster.talosVersion", "%s is newer than every release that this program knows: whether it runs Kubernetes %s is not checked", cl.TalosVersion, cl.KubernetesVersion)
		return
	}
	if !row.covers(cl.KubernetesVersion) {
		c.errorf("cluster.kubernetesVersion", "%s does not run on Talos %s (cluster.talosVersion), which supports Kubernetes %s (%s)", cl.KubernetesVersion, cl.TalosVersion, row.span(), row.source)
	}
}

// fluxIsNewEnough refuses a Flux whose kinds lack fields that the tree has.
func (c *checker) fluxIsNewEnough() {
	have, ok := c.s.Versions.Flux.parse()
	oldest, _ := oldestFlux.parse()
	if ok && have.compareMinor(oldest) < 0 {
		c.errorf("versions.flux", "%s is older than %s, the first that the Git tree is written for", c.s.Versions.Flux, oldestFlux)
	}
}

// together warns of two releases that their makers do not support or test together.
func (c *checker) together(path, component string, v Version, of string, other Version) {
	row, ok := supportOf(component, v, of)
	if !ok || row.covers(other) {
		return
	}
	if of == "Kubernetes" {
		c.warnf(path, "%s %s supports Kubernetes %s, not %s (cluster.kubernetesVersion; %s)", component, v, row.span(), other, row.source)
		return
	}
	c.warnf(path, "%s goes with %s %s, which wants %s %s (%s)", other, component, v, of, row.span(), row.source)
}

// chartVersions checks the form of the versions of charts and components: with or without a leading v, as
// their registries tag them.
func (c *checker) chartVersions() {
	usual := tested()
	have, want := reflectElem(&c.s.Versions), reflectElem(&usual)
	for i := range have.NumField() {
		key := keyOf(have.Type().Field(i))
		v, d := have.Field(i).Interface().(Version), want.Field(i).Interface().(Version)
		path := "versions." + key
		parsed, ok := v.parse()
		switch {
		case v == "" && have.Field(i).Kind() == reflect.String:
			continue
		case !ok || !parsed.hasPatch:
			c.errorf(path, "%q is not a full version such as %s", v, d)
		case strings.HasPrefix(string(d), "v") && !strings.HasPrefix(string(v), "v"):
			c.errorf(path, "%q: these releases are tagged with a leading v; write %q", v, "v"+v)
		case !strings.HasPrefix(string(d), "v") && strings.HasPrefix(string(v), "v"):
			c.errorf(path, "%q: these releases are tagged without a leading v; write %q", v, v.Bare())
		}
	}
}

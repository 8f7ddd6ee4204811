package spec

import (
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// oldestTalos is the first release with user volumes, which machine configurations are written with
// (https://www.talos.dev/v1.10/introduction/what-is-new/).
const oldestTalos = Version("v1.10")

// versions checks every release number, and that those that meet go together.
func (c *checker) versions() {
	cl := c.s.Cluster
	talos := c.release(field.NewPath("cluster", "talosVersion"), cl.TalosVersion, "v1.11.1")
	kubernetes := c.release(field.NewPath("cluster", "kubernetesVersion"), cl.KubernetesVersion, "v1.34.1")
	c.contract(talos)
	if talos && kubernetes {
		// What does not run on its Talos is not asked who goes with it.
		kubernetes = c.talosAndKubernetes()
	}
	c.chartVersions()
	set := c.s.versionSet()
	refused := c.floors(set)
	refused = append(refused, c.knownBad(set)...)
	untested := map[Component]bool{}
	for _, m := range set.meetings() {
		_, number := set[m.component].parse()
		told := slices.Contains(refused, meeting{m.component, m.component}) || slices.Contains(refused, m)
		if number && !told && (kubernetes || m.with != Kubernetes) && !untested[m.component] {
			untested[m.component] = c.meeting(set, m)
		}
	}
}

// release checks a full release number with its leading v.
func (c *checker) release(path *field.Path, v Version, example string) bool {
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
	path := field.NewPath("cluster", "talosContract")
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

// talosAndKubernetes reports whether the Talos release runs the Kubernetes release.
func (c *checker) talosAndKubernetes() bool {
	cl := c.s.Cluster
	talos, _ := cl.TalosVersion.parse()
	oldest, _ := oldestTalos.parse()
	if talos.compareMinor(oldest) < 0 {
		c.errorf(field.NewPath("cluster", "talosVersion"), "%s is older than %s, the first that these machine configurations are written for", cl.TalosVersion, oldestTalos)
		return false
	}
	row, ok := supportOf("Talos", cl.TalosVersion, "Kubernetes")
	if !ok {
		c.errorf(field.NewPath("cluster", "talosVersion"), "%s is newer than %s, the newest that this program makes machine configurations for; update the program first", cl.TalosVersion, NewestTalos())
		return false
	}
	if !row.covers(cl.KubernetesVersion) {
		c.errorf(field.NewPath("cluster", "kubernetesVersion"), "%s does not run on Talos %s (cluster.talosVersion), which supports Kubernetes %s (%s)", cl.KubernetesVersion, cl.TalosVersion, row.span(), row.source)
		return false
	}
	return true
}

// meeting warns of two releases that their makers do not support or test together. Of one that no table speaks of it
// says so and reports it: once is enough.
func (c *checker) meeting(set VersionSet, m meeting) (untested bool) {
	v, other := set[m.component], set[m.with]
	row, ok := supportOf(m.component.title(), v, m.with.title())
	if !ok {
		minors := known(m.component.title(), m.with.title())
		c.warnf(m.component.path(), "%s %s is untested: the tables of this program know %s to %s, and cannot say whether it goes with %s %s (%s)",
			m.component.title(), v, minors[0], minors[len(minors)-1], m.with.title(), other, m.with.path())
		return true
	}
	switch {
	case row.covers(other):
	case m.with == Kubernetes:
		c.warnf(m.component.path(), "%s %s supports Kubernetes %s, not %s (cluster.kubernetesVersion; %s)", m.component.title(), v, row.span(), other, row.source)
	default:
		c.warnf(m.with.path(), "%s goes with %s %s, which wants %s %s (%s)", other, m.component.title(), v, m.with.title(), row.span(), row.source)
	}
	return false
}

// chartVersions checks the form of the versions of charts and components: with or without a leading v, as
// their registries tag them.
func (c *checker) chartVersions() {
	usual := tested()
	have, want := reflectElem(&c.s.Versions), reflectElem(&usual)
	for i := range have.NumField() {
		key := keyOf(have.Type().Field(i))
		v, d := have.Field(i).Interface().(Version), want.Field(i).Interface().(Version)
		path := field.NewPath("versions", key)
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

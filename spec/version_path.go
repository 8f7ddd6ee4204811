package spec

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Step is one change on the way from one set of releases to another. The set after it is one that every table allows.
type Step struct {
	// Changes are usually one; releases that work with each other alone change together.
	Changes []Change
}

// Change raises one component.
type Change struct {
	Component Component
	From, To  Version
}

// String is "Talos v1.11.1 to v1.12.0".
func (c Change) String() string { return fmt.Sprintf("%s %s to %s", c.Component.title(), c.From, c.To) }

// Key is the place in the stack file where the change is written.
func (c Change) Key() string { return c.Component.Key() }

// Rolls says what goes down meanwhile.
func (c Change) Rolls() string { return c.Component.facts().rolls }

// releases are those that lie on a way: the ones that a step may stop at, oldest first. Where a component's makers want
// every minor release to be run, each has one.
var releases = map[Component][]Version{
	Talos:              {"v1.11.1", "v1.12.0", "v1.13.9", "v1.14.1"},
	Kubernetes:         {"v1.33.4", "v1.34.1", "v1.35.4", "v1.36.4", "v1.37.1"},
	CiliumChart:        {"1.18.2", "1.19.6", "1.20.2"},
	GatewayAPIKinds:    {"v1.3.0", "v1.4.1", "v1.6.1"},
	RookChart:          {"v1.16.3", "v1.17.0", "v1.18.4", "v1.19.8", "v1.20.3"},
	CSIDriversChart:    {"1.0.4"},
	CephImage:          {"v18.2.4", "v19.2.3"},
	SnapshotController: {"4.1.1", "5.2.0"},
	LonghornChart:      {"1.9.2", "1.10.2", "1.11.3", "1.12.1"},
	CertManagerChart:   {"v1.18.2", "v1.19.4", "v1.21.2"},
	ExternalSecrets:    {"0.20.1", "2.6.0", "2.8.0", "2.9.0"},
}

// Before is the release of the minor before that of another one at which ways stop; ok is false where they know none.
func (c Component) Before(release Version) (before Version, ok bool) {
	return c.nearest(slices.Backward(releases[c]), release, -1)
}

// After is the release of the minor after that of another one at which ways stop; ok is false where they know none.
func (c Component) After(release Version) (after Version, ok bool) {
	return c.nearest(slices.All(releases[c]), release, 1)
}

// nearest is the first release whose minor compares so with that of another one.
func (Component) nearest(candidates iter.Seq2[int, Version], release Version, compares int) (Version, bool) {
	is, parsed := release.parse()
	if !parsed {
		return "", false
	}
	for _, candidate := range candidates {
		if v, _ := candidate.parse(); v.compareMinor(is) == compares {
			return candidate, true
		}
	}
	return "", false
}

// NewestKubernetes is the newest release of Kubernetes that goes with a component's release and that is not newer than the
// limit: the limit itself where they go together, or where nothing is known of that release.
func NewestKubernetes(with Component, release, limit Version) Version {
	row, known := supportOf(with.title(), release, Kubernetes.title())
	if !known || row.covers(limit) {
		return limit
	}
	for _, version := range slices.Backward(releases[Kubernetes]) {
		if limit.Reaches(version) && row.covers(version) {
			return version
		}
	}
	return limit
}

// ExternalSecretsFor is the newest release of External Secrets that goes with a Kubernetes. It is empty where the tested one
// does, which a stack has by itself, and where nothing is known.
func ExternalSecretsFor(kubernetes Version) Version {
	goesWith := func(version Version) bool {
		row, known := supportOf("External Secrets", version, "Kubernetes")
		return known && row.covers(kubernetes)
	}
	if goesWith(Tested().ExternalSecrets) {
		return ""
	}
	for _, version := range slices.Backward(releases[ExternalSecrets]) {
		if goesWith(version) {
			return version
		}
	}
	return ""
}

// together are the releases that change in one step, since neither works with the other's old one.
var together = [][]Component{{CiliumChart, GatewayAPIKinds}}

// order is how a way is gone: what depends on Kubernetes before it, so that each is ready for the next one.
var order = []Component{
	CertManagerChart, ExternalSecrets, SnapshotController, LonghornChart, RookChart, CSIDriversChart, CephImage, FluxDistribution,
	CiliumChart, GatewayAPIKinds, Talos, Kubernetes,
}

// VersionPath is the way from one set of releases to another, in steps that every table allows. Components that only
// one of the sets has are left alone. It fails with everything that stands in the way: a release that would be set
// back, or the rules that no order of steps keeps.
//
// What the first set breaks already may stay broken until the step that mends it, but is not made worse.
func VersionPath(from, to VersionSet) ([]Step, error) {
	w := way{to: VersionSet{}, dead: map[string]bool{}}
	start := VersionSet{}
	var errs []error
	for _, component := range from.names() {
		target, ok := to[component]
		if !ok {
			continue
		}
		a, okA := from[component].parse()
		b, okB := target.parse()
		switch {
		case !okA || !okB:
			errs = append(errs, fmt.Errorf("%s: %q to %q: one of them is no release", component.path(), from[component], target))
		case b.compare(a) < 0:
			errs = append(errs, fmt.Errorf("%s: %s is older than %s, and no release of %s is set back", component.path(), target, from[component], component.title()))
		}
		start[component], w.to[component] = from[component], target
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if w.walk(start) {
		return w.steps, nil
	}
	return nil, fmt.Errorf("no order of steps leads there; what is refused at the furthest point:\n%s", strings.Join(w.blocked, "\n"))
}

// way is a search, depth first in the preferred order.
type way struct {
	to    VersionSet
	steps []Step
	// dead are the sets from which there is no way on.
	dead map[string]bool
	// blocked is why nothing more was allowed, at the furthest set that was reached.
	blocked  []string
	furthest int
}

func (w *way) walk(at VersionSet) bool {
	if maps.Equal(at, w.to) {
		return true
	}
	if w.dead[at.String()] {
		return false
	}
	var blocked []string
	for _, step := range w.next(at) {
		after := at.after(step)
		if why := worse(at, after, step); len(why) > 0 {
			blocked = append(blocked, fmt.Sprintf("%s: %s", step, strings.Join(why, "; ")))
			continue
		}
		w.steps = append(w.steps, step)
		if w.walk(after) {
			return true
		}
		w.steps = w.steps[:len(w.steps)-1]
	}
	if len(w.steps) >= w.furthest {
		w.furthest, w.blocked = len(w.steps), blocked
	}
	w.dead[at.String()] = true
	return false
}

// String is each change of the step.
func (s Step) String() string {
	texts := make([]string, 0, len(s.Changes))
	for _, c := range s.Changes {
		texts = append(texts, c.String())
	}
	return strings.Join(texts, " with ")
}

// String lists the set in the order of the table of components.
func (s VersionSet) String() string {
	var texts []string
	for _, component := range s.names() {
		texts = append(texts, component.title()+" "+string(s[component]))
	}
	return strings.Join(texts, ", ")
}

func (s VersionSet) after(step Step) VersionSet {
	after := maps.Clone(s)
	for _, c := range step.Changes {
		after[c.Component] = c.To
	}
	return after
}

// next are the steps that can be tried, in the preferred order.
func (w *way) next(at VersionSet) []Step {
	var steps []Step
	for _, component := range order {
		for _, version := range w.stops(at, component) {
			steps = append(steps, Step{Changes: []Change{{component, at[component], version}}})
		}
	}
	for _, group := range together {
		joint := Step{}
		for _, component := range group {
			if stops := w.stops(at, component); len(stops) > 0 {
				joint.Changes = append(joint.Changes, Change{component, at[component], stops[0]})
			}
		}
		if len(joint.Changes) == len(group) {
			steps = append(steps, joint)
		}
	}
	return steps
}

// stops are the releases that a component can be raised to in one step, the furthest first.
func (w *way) stops(at VersionSet, component Component) []Version {
	now, present := at[component]
	target := w.to[component]
	if !present || now == target {
		return nil
	}
	current, _ := now.parse()
	end, _ := target.parse()
	candidates := []Version{target}
	for _, version := range slices.Backward(releases[component]) {
		if v, _ := version.parse(); v.compareMinor(current) > 0 && v.compareMinor(end) < 0 {
			candidates = append(candidates, version)
		}
	}
	if component.facts().oneByOne {
		// Of a component that must run every minor, only the nearest one.
		return candidates[len(candidates)-1:]
	}
	return candidates
}

package spec

import "fmt"

// worse says which rules a step breaks: those that held before it, and those of the components that depend on what it
// changes.
func worse(before, after VersionSet, step Step) []string {
	changed := map[Component]bool{}
	for _, c := range step.Changes {
		changed[c.Component] = true
	}
	var why []string
	for _, c := range step.Changes {
		if err := skips(c); err != nil {
			why = append(why, err.Error())
		}
	}
	was := before.broken()
	for _, b := range after.broken() {
		already := false
		for _, old := range was {
			already = already || (old.id == b.id)
		}
		if !already || changed[b.with] {
			why = append(why, b.text)
		}
	}
	return why
}

// skips refuses to pass over a minor release of a component that must run each of them, for want of one in the table
// of releases.
func skips(c Change) error {
	from, _ := c.From.parse()
	to, _ := c.To.parse()
	if c.Component.facts().oneByOne && (to.major != from.major || to.minor > from.minor+1) {
		return fmt.Errorf("%s runs every minor release on the way, and none between %s and %s is known", c.Component.title(), c.From, c.To)
	}
	return nil
}

// brokenRule is a rule of the tables that a set breaks.
type brokenRule struct {
	// id tells that it is the same rule in another set.
	id string
	// with is the component that the rule's owner depends on; empty for a rule of another kind.
	with Component
	text string
}

// broken are the rules that the set breaks. A release that no table speaks of breaks none.
func (s VersionSet) broken() []brokenRule {
	var all []brokenRule
	meetings := s.meetings()
	if _, ok := s[Talos]; ok {
		meetings = append(meetings, meeting{Talos, Kubernetes})
	}
	for _, m := range meetings {
		row, ok := supportOf(m.component.title(), s[m.component], m.with.title())
		if ok && !row.covers(s[m.with]) {
			all = append(all, brokenRule{
				id: string(m.component) + "/" + string(m.with), with: m.with,
				text: fmt.Sprintf("%s %s supports %s %s (%s)", m.component.title(), s[m.component], m.with.title(), row.span(), row.source),
			})
		}
	}
	for _, k := range knownBadPairs() {
		if k.Severity == Error && k.holds(s) {
			all = append(all, brokenRule{id: k.ID, text: k.Text + " (" + k.Link + ")"})
		}
	}
	for _, f := range floors {
		v, ok := s[f.component].parse()
		if oldest, _ := f.oldest.parse(); ok && v.compare(oldest) < 0 {
			all = append(all, brokenRule{id: "floor of " + string(f.component), text: f.why})
		}
	}
	return all
}

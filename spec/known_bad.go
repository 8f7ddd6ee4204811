package spec

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

//go:embed known_bad.yaml
var knownBadFile []byte

// knownBad is one line of known_bad.yaml: releases that are known to fail, by themselves or together.
type knownBad struct {
	// ID names the entry: the project and the number of its issue.
	ID string `yaml:"id"`
	// Link is where it is told.
	Link string `yaml:"link"`
	// Severity is error where the cluster does not work, else warning.
	Severity Severity `yaml:"severity"`
	// Versions are the ranges, by component. All of them must hold.
	Versions map[Component]string `yaml:"versions"`
	// With is a part of the stack file that it takes: see features.
	With string `yaml:"with"`
	// Text says what happens, and what to do.
	Text string `yaml:"text"`
}

// features are the parts of a stack that an entry can depend on.
var features = map[string]func(*Stack) bool{
	"arm64": func(s *Stack) bool {
		return slices.ContainsFunc(s.Nodes, func(n Node) bool { return n.Arch == ArchARM64 })
	},
	"cilium.bgp": func(s *Stack) bool { return s.Cilium.BGP != nil },
	"cilium.l2":  func(s *Stack) bool { return s.Cilium.BGP == nil },
	"kubeletMounts": func(s *Stack) bool {
		return slices.ContainsFunc(s.Nodes, func(n Node) bool { return len(n.KubeletMounts) > 0 })
	},
}

// knownBadPairs is known_bad.yaml, read once.
var knownBadPairs = sync.OnceValue(func() []knownBad {
	entries, err := parseKnownBad(knownBadFile)
	if err != nil {
		panic(err) // an embedded file, which a test reads first
	}
	return entries
})

// parseKnownBad reads the entries, and tells everything that is wrong with them.
func parseKnownBad(data []byte) ([]knownBad, error) {
	var entries []knownBad
	decoder := yaml.NewDecoder(strings.NewReader(string(data)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&entries); err != nil {
		return nil, fmt.Errorf("known_bad.yaml: %w", err)
	}
	var wrong []string
	seen := map[string]bool{}
	for _, e := range entries {
		complain := func(format string, args ...any) {
			wrong = append(wrong, fmt.Sprintf("%s: "+format, append([]any{e.ID}, args...)...))
		}
		if seen[e.ID] {
			complain("is there twice")
		}
		seen[e.ID] = true
		if e.ID == "" || e.Text == "" || !strings.HasPrefix(e.Link, "https://") || len(e.Versions) == 0 {
			complain("wants id, link, versions and text")
		}
		if e.Severity != Error && e.Severity != Warning {
			complain("severity %q is neither error nor warning", e.Severity)
		}
		if _, ok := features[e.With]; e.With != "" && !ok {
			complain("with %q is not a part of the stack file that entries can ask for", e.With)
		}
		for _, component := range slices.Sorted(maps.Keys(e.Versions)) {
			span := e.Versions[component]
			if !slices.ContainsFunc(components, func(f componentFacts) bool { return f.Component == component }) {
				complain("versions.%s is no component", component)
			}
			if _, err := parseRange(span); err != nil {
				complain("versions.%s: %v", component, err)
			}
		}
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("known_bad.yaml:\n%s", strings.Join(wrong, "\n"))
	}
	return entries, nil
}

// holds reports whether the entry speaks of this set of releases.
func (k knownBad) holds(set VersionSet) bool {
	for component, span := range k.Versions {
		v, ok := set[component]
		bounds, err := parseRange(span)
		if !ok || err != nil || !bounds.contain(v) {
			return false
		}
	}
	return true
}

// knownBad tells each entry of known_bad.yaml that the stack meets, at the component that is named last in the table
// of components. It returns the pairs that are refused.
func (c *checker) knownBad(set VersionSet) (refused []meeting) {
	for _, k := range knownBadPairs() {
		if !k.holds(set) || (k.With != "" && !features[k.With](c.s)) {
			continue
		}
		var named []string
		var met []Component
		var path *field.Path
		for _, component := range set.names() {
			if _, ok := k.Versions[component]; ok {
				path, met = component.path(), append(met, component)
				named = append(named, component.title()+" "+string(set[component]))
			}
		}
		c.add(k.Severity, path, "%s: %s (%s)", strings.Join(named, " with "), k.Text, k.Link)
		if k.Severity == Error && len(met) == 2 {
			refused = append(refused, meeting{met[0], met[1]}, meeting{met[1], met[0]})
		}
	}
	return refused
}

// Package scenario lists what can happen in a rehearsal besides up and up again. It is light, since the launcher refuses
// an unknown one before anything is compiled; what each does is in package rehearsal, under the same name.
package scenario

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/semver"

	"github.com/home-ops/home-ops/spec"
)

// Scenario is one thing that can happen to a cluster.
type Scenario struct {
	// Name is the word after SCENARIO=.
	Name string
	// Does says what happens and what is judged, for docs/rehearsals.md.
	Does string
	// Limit is how long a rehearsal of it may take, builds not counted. Default: DefaultLimit.
	Limit time.Duration
	// Base is true for one that begins with the program of another commit, BASE=COMMIT.
	Base bool
	// Raises is what the scenario raises by a minor release, to that of the stack file; empty for nothing.
	Raises spec.Component
	// Stacks are the stacks of this project that it is meant for. Default: all.
	Stacks []string
}

// DefaultLimit is how long a rehearsal may take, builds not counted.
const DefaultLimit = 15 * time.Minute

// Find returns the scenario of a name; the empty name is up and up again, and nothing else.
func Find(name string) (Scenario, error) {
	if name == "" {
		return Scenario{}, nil
	}
	i := slices.IndexFunc(Table, func(s Scenario) bool { return s.Name == name })
	if i < 0 {
		return Scenario{}, fmt.Errorf("there is no SCENARIO=%s; there are: %s", name, strings.Join(Names(), ", "))
	}
	return Table[i], nil
}

// Begin is the cluster as a scenario makes it first: the stack file's own, but for an earlier release of what the scenario
// raises.
func (s Scenario) Begin(cluster spec.Cluster) (spec.Cluster, error) {
	if s.Raises == "" {
		return cluster, nil
	}
	release := &cluster.KubernetesVersion
	if s.Raises == spec.Talos {
		release = &cluster.TalosVersion
	}
	before, ok := s.Raises.Before(*release)
	if !ok {
		return cluster, fmt.Errorf("SCENARIO=%s raises %s to the stack file's %s, and no minor release before that is known", s.Name, s.Raises, *release)
	}
	*release = before
	if contract := spec.Version(semver.MajorMinor(string(before))); s.Raises == spec.Talos && semver.Compare(string(cluster.TalosContract), string(contract)) > 0 {
		cluster.TalosContract = contract
	}
	return cluster, nil
}

// Names are those of all scenarios.
func Names() []string {
	names := make([]string, len(Table))
	for i, s := range Table {
		names[i] = s.Name
	}
	return names
}

// For says that a scenario is meant for a stack.
func (s Scenario) For(stack string) bool { return s.Stacks == nil || slices.Contains(s.Stacks, stack) }

// Rows are the scenarios' rows of the table in docs/rehearsals.md.
func Rows() string {
	var rows strings.Builder
	for _, s := range Table {
		base := ""
		if s.Base {
			base = " BASE=COMMIT"
		}
		fmt.Fprintf(&rows, "| `make rehearse SCENARIO=%s%s` | %s |\n", s.Name, base, s.Does)
	}
	return rows.String()
}

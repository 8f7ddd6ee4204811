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
	// Raises is what the scenario raises by a minor release, see Way; empty for nothing.
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

// Way is the cluster as a scenario makes it first, and as it is to be at the end: both the stack file's own, but for an earlier
// release of what the scenario raises. A stack file with the earliest that is known begins with it, and is raised to the next.
func (s Scenario) Way(cluster spec.Cluster) (first, last spec.Cluster, err error) {
	first, last = cluster, cluster
	switch s.Raises {
	case "":
		return first, last, nil
	case spec.Talos:
		err = s.raise(&first.TalosVersion, &last.TalosVersion)
	default:
		err = s.raise(&first.KubernetesVersion, &last.KubernetesVersion)
	}
	// The contract stays the one of the first release.
	if contract := spec.Version(semver.MajorMinor(string(first.TalosVersion))); semver.Compare(string(cluster.TalosContract), string(contract)) > 0 {
		first.TalosContract = contract
	}
	return first, last, err
}

// raise puts the release before into the first, or else the one after into the last.
func (s Scenario) raise(first, last *spec.Version) error {
	if before, ok := s.Raises.Before(*first); ok {
		*first = before
		return nil
	}
	after, ok := s.Raises.After(*last)
	if !ok {
		return fmt.Errorf("SCENARIO=%s: the stack file's %s %s is the only release that is known, and can be raised neither from one before nor to one after", s.Name, s.Raises, *last)
	}
	*last = after
	return nil
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

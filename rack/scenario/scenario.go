// Package scenario lists what can happen in a rehearsal besides up and up again. It is light, since the launcher refuses
// an unknown one before anything is compiled; what each does is in package rehearsal, under the same name.
package scenario

import (
	"fmt"
	"slices"
	"strings"
	"time"
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

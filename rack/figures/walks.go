package figures

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/home-ops/home-ops/rack/report"
)

// Walk is a scenario that was ok with a stack. A machine that comes and goes loses its reports; what stands in Git is not walked again.
type Walk struct {
	Stack    string `json:"stack"`
	Scenario string `json:"scenario"`
	// Commit is what was rehearsed, a whole hash.
	Commit string `json:"commit"`
	// Seconds is how long all of it took, with the making of the cluster.
	Seconds int `json:"seconds"`
}

// Walks are those of a project; none where it has none.
func Walks(project string) ([]Walk, error) { return read[Walk](filepath.Join(project, walksFile)) }

// Walked puts a report in the place of the walk of the same scenario and stack, in the tables' order. One that was not ok takes that
// walk away; one of a working tree that was no commit says nothing of any.
func Walked(walks []Walk, r *report.Report) []Walk {
	if r.Scenario == nil || r.Commit == "" {
		return walks
	}
	all := slices.DeleteFunc(slices.Clone(walks), func(w Walk) bool { return w.Stack == r.Stack && w.Scenario == r.Scenario.Name })
	if r.OK {
		all = append(all, Walk{Stack: r.Stack, Scenario: r.Scenario.Name, Commit: r.Commit, Seconds: int(math.Round(r.Seconds["total"]))})
	}
	slices.SortFunc(all, func(a, b Walk) int {
		return cmp.Or(strings.Compare(a.Scenario, b.Scenario), strings.Compare(a.Stack, b.Stack))
	})
	return all
}

// WalksTable is the walks for a person, as Markdown: a line a scenario, a column a stack.
func WalksTable(walks []Walk) string {
	if len(walks) == 0 {
		return "None.\n"
	}
	var stacks, names []string
	total := 0
	for _, w := range walks {
		stacks, names = append(stacks, w.Stack), append(names, w.Scenario)
		total += w.Seconds
	}
	slices.Sort(stacks)
	stacks, names = slices.Compact(stacks), slices.Compact(names)
	var b strings.Builder
	fmt.Fprintf(&b, "| scenario | %s |\n| --- |%s\n", strings.Join(stacks, " | "), strings.Repeat(" --- |", len(stacks)))
	for _, name := range names {
		fmt.Fprintf(&b, "| `%s` |", name)
		for _, stack := range stacks {
			i := slices.IndexFunc(walks, func(w Walk) bool { return w.Scenario == name && w.Stack == stack })
			if i < 0 {
				b.WriteString(" |")
				continue
			}
			fmt.Fprintf(&b, " %d s, at %.7s |", walks[i].Seconds, walks[i].Commit)
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "\nTogether %s.\n", time.Duration(total)*time.Second)
	return b.String()
}

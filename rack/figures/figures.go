// Package figures keeps what scenarios have measured, for the README's table: rehearsals write reports, and only those of
// rehearsals that were ok are taken.
package figures

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/rack/report"
)

// Figure is what one step of a scenario cost those who use a cluster.
type Figure struct {
	Stack    string `json:"stack"`
	Scenario string `json:"scenario"`
	Step     string `json:"step"`
	// Seconds is how long the step took, whole ones.
	Seconds int `json:"seconds"`
	// Asked counts the writes to the Kubernetes API meanwhile, Failed those that failed.
	Asked  int `json:"asked"`
	Failed int `json:"failed"`
	// Down are the machines that went down, AtOnce is the most at the same time.
	Down   int `json:"down"`
	AtOnce int `json:"atOnce"`
}

// Of are a report's figures; none of a rehearsal that was not ok, or in which nothing happened.
func Of(r *report.Report) []Figure {
	if !r.OK || r.Scenario == nil {
		return nil
	}
	var all []Figure
	for _, step := range r.Scenario.Steps {
		all = append(all, Figure{
			Stack: r.Stack, Scenario: r.Scenario.Name, Step: step.Name, Seconds: int(math.Round(step.Seconds)),
			Asked: step.APIAsked, Failed: step.APIFailed, Down: len(step.Down), AtOnce: step.NodesDownAtOnce,
		})
	}
	return all
}

// Merge puts newer figures in the place of those of the same scenarios with the same stacks. The steps of a scenario stay
// in their order.
func Merge(old, newer []Figure) []Figure {
	all := slices.DeleteFunc(slices.Clone(old), func(f Figure) bool {
		return slices.ContainsFunc(newer, func(n Figure) bool { return n.Stack == f.Stack && n.Scenario == f.Scenario })
	})
	all = append(all, newer...)
	slices.SortStableFunc(all, func(a, b Figure) int {
		return cmp.Or(strings.Compare(a.Scenario, b.Scenario), strings.Compare(a.Stack, b.Stack))
	})
	return all
}

// Table is the figures for a person, as Markdown.
func Table(all []Figure) string {
	var b strings.Builder
	b.WriteString("| scenario | stack | step | seconds | writes that failed | machines that went down |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, f := range all {
		down := "none"
		switch {
		case f.Down > 0 && f.AtOnce > 1:
			down = fmt.Sprintf("%d, %d at once", f.Down, f.AtOnce)
		case f.Down > 0:
			down = fmt.Sprintf("%d, one at a time", f.Down)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %d of %d | %s |\n", f.Scenario, f.Stack, f.Step, f.Seconds, f.Failed, f.Asked, down)
	}
	return b.String()
}

// read loads figures or walks; there are none where there is no file.
func read[T any](path string) ([]T, error) {
	content, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	var all []T
	if err == nil {
		err = json.Unmarshal(content, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("figures %s: %w", path, err)
	}
	return all, nil
}

// write stores figures or walks, one a line, so that a change shows what it changes.
func write[T any](path string, all []T) error {
	var lines []string
	for _, f := range all {
		line, err := json.Marshal(f)
		if err != nil {
			return fmt.Errorf("figures: %w", err)
		}
		lines = append(lines, "  "+string(line))
	}
	if err := os.WriteFile(path, []byte("[\n"+strings.Join(lines, ",\n")+"\n]\n"), 0o644); err != nil {
		return fmt.Errorf("figures: %w", err)
	}
	return nil
}

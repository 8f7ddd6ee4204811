// Package doctor looks for what is wrong between an operator and a running cluster, nearest first: whoever cannot reach
// the cluster need not read about its pods.
package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// Section is where something is looked at.
type Section string

// The sections, in the order in which they are looked at.
const (
	Machine   Section = "this machine"
	StackFile Section = "stack file"
	State     Section = "state"
	Accounts  Section = "accounts"
	Cluster   Section = "cluster"
)

// Verdict is what came of looking.
type Verdict string

const (
	// OK is well.
	OK Verdict = "ok"
	// Warning works today.
	Warning Verdict = "warning"
	// Problem does not work.
	Problem Verdict = "problem"
	// Unseen was not looked at; the detail says why.
	Unseen Verdict = "not looked at"
)

// Check is one thing that was looked at.
type Check struct {
	Section Section `json:"section"`
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail,omitempty"`
	// Do is the next command, or the next step in words; empty where all is well.
	Do string `json:"do,omitempty"`
}

// Report is all that was looked at, in its order.
type Report []Check

// Add adds checks of a section.
func (r *Report) Add(section Section, checks ...Check) {
	for _, c := range checks {
		c.Section = section
		*r = append(*r, c)
	}
}

// Healthy is false when there is a problem.
func (r Report) Healthy() bool {
	for _, c := range r {
		if c.Verdict == Problem {
			return false
		}
	}
	return true
}

// Faults are what is not well, as after a command that has failed.
func (r Report) Faults() Report {
	return slices.DeleteFunc(slices.Clone(r), func(c Check) bool { return c.Verdict == OK || c.Verdict == Unseen })
}

// WriteJSON writes the report for programs.
func (r Report) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(struct {
		Healthy bool   `json:"healthy"`
		Checks  Report `json:"checks"`
	}{r.Healthy(), r})
}

// WriteText writes the report for people.
func (r Report) WriteText(w io.Writer) error {
	var section Section
	for _, c := range r {
		if c.Section != section {
			section = c.Section
			if _, err := fmt.Fprintf(w, "%s\n", section); err != nil {
				return err
			}
		}
		line := fmt.Sprintf("  %-14s %s", c.Verdict, c.Name)
		if c.Detail != "" {
			line += ": " + c.Detail
		}
		if c.Do != "" {
			line += "\n                 -> " + c.Do
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// judged is a check with a verdict by an error.
func judged(name string, err error, well, do string) Check {
	if err != nil {
		return Check{Name: name, Verdict: Problem, Detail: oneLine(err.Error()), Do: do}
	}
	return Check{Name: name, Verdict: OK, Detail: well}
}

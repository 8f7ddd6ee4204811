package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Severity tells whether a problem stops the program.
type Severity string

const (
	// Error marks a plan that cannot work: nothing is touched until it is gone.
	Error Severity = "error"
	// Warning marks a plan that works but costs something that its owner should know.
	Warning Severity = "warning"
)

// Problem is one finding about a stack file.
type Problem struct {
	Severity Severity `json:"severity"`
	// Path names the value from the top of the stack, for example "nodes[2].address". It is empty when
	// the whole file is meant.
	Path string `json:"path"`
	// Message says what the value is, which rule it breaks, and for a clash who the other owner is.
	Message string `json:"message"`
	// File is the stack file, when the stack came from one.
	File string `json:"file,omitempty"`
	// Line and Column count from 1 and point at the value, or at the nearest enclosing value that is
	// written in the file. Zero when unknown.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
}

// String is the one-line form that every command prints: "error nodes[2].address: ...".
func (p Problem) String() string {
	if p.Path == "" {
		return fmt.Sprintf("%s: %s", p.Severity, p.Message)
	}
	return fmt.Sprintf("%s %s: %s", p.Severity, p.Path, p.Message)
}

// Location is "file:line:column" as far as it is known, in the form that editors jump to.
func (p Problem) Location() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.File == "":
		return fmt.Sprintf("%d:%d", p.Line, p.Column)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// Problems is every finding of one run, sorted by file and path.
type Problems []Problem

// HasErrors reports whether any of the problems stops the program.
func (ps Problems) HasErrors() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Severity == Error })
}

// Errors returns the problems that stop the program.
func (ps Problems) Errors() Problems { return ps.only(Error) }

// Warnings returns the problems that do not.
func (ps Problems) Warnings() Problems { return ps.only(Warning) }

func (ps Problems) only(s Severity) Problems {
	var out Problems
	for _, p := range ps {
		if p.Severity == s {
			out = append(out, p)
		}
	}
	return out
}

// Err returns nil when there are no errors, else one error whose text lists each of them on a line of
// its own. Warnings are left out.
func (ps Problems) Err() error {
	errs := ps.Errors()
	if len(errs) == 0 {
		return nil
	}
	lines := make([]string, 0, len(errs))
	for _, p := range errs {
		lines = append(lines, p.String())
	}
	return fmt.Errorf("the stack file has %d error(s):\n%s", len(errs), strings.Join(lines, "\n"))
}

// sorted orders by file, then path (list indexes by number), errors first, and drops repetitions.
func (ps Problems) sorted() Problems {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			comparePaths(a.Path, b.Path),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Message, b.Message),
			cmp.Compare(a.Path, b.Path),
		)
	})
	return slices.Compact(ps)
}

// comparePaths sorts nodes[2] before nodes[10].
func comparePaths(a, b string) int {
	for a != "" && b != "" {
		na, ra := leadingNumber(a)
		nb, rb := leadingNumber(b)
		if na >= 0 && nb >= 0 {
			if na != nb {
				return cmp.Compare(na, nb)
			}
			a, b = ra, rb
			continue
		}
		if a[0] != b[0] {
			return cmp.Compare(a[0], b[0])
		}
		a, b = a[1:], b[1:]
	}
	return cmp.Compare(len(a), len(b))
}

// leadingNumber splits a number off the front of s; it is -1 when s does not begin with a digit.
func leadingNumber(s string) (int, string) {
	n, i := 0, 0
	for i < len(s) && i < 9 && s[i] >= '0' && s[i] <= '9' {
		n = n*10 + int(s[i]-'0')
		i++
	}
	if i == 0 {
		return -1, s
	}
	return n, s[i:]
}

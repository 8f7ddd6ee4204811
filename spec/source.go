package spec

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// position is a place in a file, counted from 1.
type position struct{ line, column int }

// source remembers where each value of a stack was written, which ones were written at all, and which
// could not be read.
type source struct {
	file string
	// at has an entry for each path that the file or the engine's configuration gives.
	at map[string]position
	// bad holds the paths whose values could not be read: no rule should complain of them again.
	bad map[string]bool
	// inherited maps a node's path to the nodeDefaults path that its value came from.
	inherited map[string]string
}

func newSource(file string) *source {
	return &source{file: file, at: map[string]position{}, bad: map[string]bool{}, inherited: map[string]string{}}
}

// isSet reports whether the value at path was written, rather than left to its default.
func (s *Stack) isSet(path *field.Path) bool {
	return s.source != nil && s.source.has(textOf(path))
}

func (src *source) has(path string) bool {
	_, ok := src.at[path]
	return ok
}

// isBad reports whether the value at path, or one that encloses it, could not be read.
func (s *Stack) isBad(path *field.Path) bool {
	if s.source == nil || len(s.source.bad) == 0 {
		return false
	}
	for at := s.origin(path); at != ""; at = parentPath(at) {
		if s.source.bad[at] {
			return true
		}
	}
	return false
}

// origin is the text of the path where a value was written; see [source.origin].
func (s *Stack) origin(path *field.Path) string { return s.source.origin(textOf(path)) }

// origin is where a value was written: for one that a node takes over from nodeDefaults, its place there.
func (src *source) origin(path string) string {
	if src == nil {
		return path
	}
	for at := path; at != ""; at = parentPath(at) {
		if from, ok := src.inherited[at]; ok {
			return from + strings.TrimPrefix(path, at)
		}
	}
	return path
}

// locate fills in where a problem's value was written: its own place, or that of the nearest enclosing
// value that is in the file.
func (src *source) locate(p Problem) Problem {
	if src == nil {
		return p
	}
	p.File, p.Path = src.file, src.origin(p.Path)
	for path := p.Path; path != ""; path = parentPath(path) {
		if at, ok := src.at[path]; ok && at.line > 0 {
			p.Line, p.Column = at.line, at.column
			return p
		}
	}
	return p
}

// parentPath cuts the last step off the text of a path, which the type cannot: "nodes[2].mac" → "nodes[2]" → "nodes" → "".
func parentPath(path string) string {
	if strings.HasSuffix(path, `"]`) {
		if i := strings.LastIndex(path, `["`); i >= 0 {
			return path[:i]
		}
	}
	if i := strings.LastIndexAny(path, ".["); i >= 0 {
		return path[:i]
	}
	return ""
}

// Package layout puts a stack file back into the form in which its owner wrote it, after a program has written it anew.
//
// `pulumi config set` and `pulumi stack change-secrets-provider` read the file and write it again: comments stay, blank
// lines and the short form of lists and maps go (https://github.com/pulumi/pulumi/issues/9512). What the file says is
// right, how it says it is lost, and the change of one line is a diff of a hundred.
package layout

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Restore is the text now, in the form of the text before: every entry that says the same has its former lines, one that
// says something else or is new has those of now, and one that is gone is left out. It is an error, and nothing is to be
// written, when the result would not say exactly what the text says now, or would lose one of its comments.
func Restore(before, now []byte) ([]byte, error) {
	was, err := read(before)
	if err != nil {
		return nil, fmt.Errorf("the former text: %w", err)
	}
	is, err := read(now)
	if err != nil {
		return nil, err
	}
	if equal(was.root, is.root) && slices.Equal(comments(before), comments(now)) {
		return before, nil
	}
	out := []byte(strings.TrimRight(strings.Join(merge(was, is, was.root, is.root, 0, len(was.lines)), "\n"), "\n") + "\n")
	result, err := read(out)
	if err != nil || !equal(result.root, is.root) {
		return nil, errors.New("its former form cannot hold what it says now: put it in order by hand")
	}
	if lost := lacking(comments(now), comments(out)); len(lost) > 0 {
		return nil, fmt.Errorf("the former text lacks this comment: %s; commit the file first, or put it in order by hand", lost[0])
	}
	return out, nil
}

// document is a text with its lines and what they say.
type document struct {
	lines []string
	root  *yaml.Node
}

func read(text []byte) (document, error) {
	var top yaml.Node
	if err := yaml.Unmarshal(text, &top); err != nil {
		return document{}, err
	}
	if len(top.Content) != 1 || top.Content[0].Kind != yaml.MappingNode {
		return document{}, errors.New("it is no map")
	}
	return document{strings.Split(strings.TrimRight(string(text), "\n"), "\n"), top.Content[0]}, nil
}

// equal reports whether two nodes say the same, in the same order.
func equal(a, b *yaml.Node) bool {
	if a.Kind != b.Kind || a.ShortTag() != b.ShortTag() || a.Value != b.Value && !sameScalar(a, b) || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !equal(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}

// sameScalar reports whether two scalars are one value that is written in two ways: 0x10 and 16.
func sameScalar(a, b *yaml.Node) bool {
	var x, y any
	return a.Decode(&x) == nil && b.Decode(&y) == nil && reflect.DeepEqual(x, y)
}

// entry is a key of a block map, with its lines: from those of its comments above to the last of its value.
type entry struct {
	key, value       *yaml.Node
	first, from, end int // first is the first comment or blank line above, from the key's line, end is behind the last line
}

// entries are those of a block map that ends before a line.
func (d document) entries(n *yaml.Node, end int) []entry {
	var out []entry
	for i := 0; i < len(n.Content); i += 2 {
		e := entry{key: n.Content[i], value: n.Content[i+1], from: n.Content[i].Line - 1}
		e.first = e.from
		for e.first > 0 && aside(d.lines[e.first-1]) && (i == 0 || e.first > out[len(out)-1].from+1) {
			e.first--
		}
		if i > 0 {
			out[len(out)-1].end = e.first
		}
		e.end = end
		out = append(out, e)
	}
	return out
}

// aside reports whether a line is blank or a comment.
func aside(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "#")
}

// merge is the lines of a block map of both texts, those of the former one from a line to another.
func merge(was, is document, a, b *yaml.Node, from, end int) []string {
	former := map[string]entry{}
	all := was.entries(a, end)
	for _, e := range all {
		former[e.key.Value] = e
	}
	var out []string
	if len(all) > 0 && all[0].first > from {
		out = append(out, was.lines[from:all[0].first]...)
	}
	for _, e := range is.entries(b, endOf(is, b)) {
		old, there := former[e.key.Value]
		if !there {
			out = append(out, shifted(is.lines[e.from:e.end], column(a)-column(b))...)
			continue
		}
		out = append(out, was.lines[old.first:old.from]...)
		switch {
		case equal(old.value, e.value):
			out = append(out, was.lines[old.from:old.end]...)
		case block(old.value) && block(e.value):
			out = append(out, was.lines[old.from])
			out = append(out, merge(was, is, old.value, e.value, old.from+1, old.end)...)
		default:
			out = append(out, shifted(is.lines[e.from:e.end], column(a)-column(b))...)
		}
	}
	return out
}

// block reports whether a node is a map with a line for each key.
func block(n *yaml.Node) bool {
	return n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0
}

// endOf is behind the last line of a map: the first later line that is not deeper than its keys.
func endOf(d document, n *yaml.Node) int {
	if len(n.Content) == 0 {
		return n.Line
	}
	last := n.Content[len(n.Content)-2].Line
	for i := last; i < len(d.lines); i++ {
		line := d.lines[i]
		deep := len(line) - len(strings.TrimLeft(line, " "))
		list := deep == column(n)-1 && strings.HasPrefix(line[deep:], "- ")
		if !aside(line) && deep < column(n) && !list {
			for i > last && aside(d.lines[i-1]) {
				i--
			}
			return i
		}
	}
	return len(d.lines)
}

// column is where the keys of a map stand, counted from 1.
func column(n *yaml.Node) int {
	if len(n.Content) == 0 {
		return n.Column
	}
	return n.Content[0].Column
}

// shifted moves lines to the right, or to the left.
func shifted(lines []string, by int) []string {
	var out []string
	for _, line := range lines {
		switch {
		case strings.TrimSpace(line) == "":
			out = append(out, "")
		case by >= 0:
			out = append(out, strings.Repeat(" ", by)+line)
		default:
			out = append(out, strings.TrimPrefix(line, strings.Repeat(" ", -by)))
		}
	}
	return out
}

// comments are the comments of a text in order of their words, whichever line each stands on.
func comments(text []byte) []string {
	var out []string
	var walk func(n *yaml.Node)
	walk = func(n *yaml.Node) {
		for _, comment := range []string{n.HeadComment, n.LineComment, n.FootComment} {
			for line := range strings.Lines(comment) {
				if line = strings.TrimSpace(line); line != "" {
					out = append(out, line)
				}
			}
		}
		for _, child := range n.Content {
			walk(child)
		}
	}
	var top yaml.Node
	if yaml.Unmarshal(text, &top) == nil {
		walk(&top)
	}
	slices.Sort(out)
	return out
}

// lacking are those of a sorted list that another one lacks.
func lacking(all, in []string) []string {
	var out []string
	left := map[string]int{}
	for _, one := range in {
		left[one]++
	}
	for _, one := range all {
		if left[one]--; left[one] < 0 {
			out = append(out, one)
		}
	}
	return out
}

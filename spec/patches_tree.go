package spec

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// part is a value inside a raw patch, with the path that leads to it.
type part struct {
	path  *field.Path
	value any
}

// get follows keys; what is not there does not exist.
func (p part) get(keys ...string) part {
	for _, key := range keys {
		tree, _ := p.value.(map[string]any)
		p = part{entry(p.path, key), tree[key]}
	}
	return p
}

func (p part) exists() bool { return p.value != nil }

// list are the entries of a list.
func (p part) list() []part {
	items, _ := p.value.([]any)
	out := make([]part, 0, len(items))
	for i, item := range items {
		out = append(out, part{p.path.Index(i), item})
	}
	return out
}

// pairs are the keys of an object, sorted.
func (p part) pairs() []string {
	tree, _ := p.value.(map[string]any)
	return slices.Sorted(maps.Keys(tree))
}

// text is a single value as it is written, or "".
func (p part) text() string {
	switch p.value.(type) {
	case nil, map[string]any, []any:
		return ""
	}
	return fmt.Sprint(p.value)
}

// texts is an object of single values.
func (p part) texts() map[string]string {
	out := map[string]string{}
	for _, key := range p.pairs() {
		out[key] = p.get(key).text()
	}
	return out
}

// deleted reports whether the patch takes the value away.
func (p part) deleted() bool { return p.get("$patch").text() == "delete" }

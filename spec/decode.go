package spec

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// decoder turns a YAML tree into the types of this package, strictly, and goes on after each problem.
type decoder struct {
	src      *source
	problems Problems
	// project is the name in Pulumi.yaml.
	project string
	// visited bounds the work that aliases of aliases can cause.
	visited int
}

// maxValues is far above any real stack file: 250 nodes need some ten thousand values.
const maxValues = 300_000

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

func reflectElem(v any) reflect.Value { return reflect.ValueOf(v).Elem() }

func (d *decoder) fail(node *yaml.Node, path *field.Path, format string, args ...any) {
	d.src.bad[textOf(path)] = true
	d.problems = append(d.problems, Problem{
		Severity: Error, Path: textOf(path), Message: fmt.Sprintf(format, args...),
		File: d.src.file, Line: node.Line, Column: node.Column,
	})
}

// decode reads node into v, which holds its defaults already.
func (d *decoder) decode(node *yaml.Node, v reflect.Value, path *field.Path) {
	if d.visited++; d.visited > maxValues {
		if d.visited == maxValues+1 {
			d.fail(node, path, "the file unfolds to more than %d values", maxValues)
		}
		return
	}
	node = unaliased(node)
	if isNull(node) {
		return
	}
	d.src.at[textOf(path)] = position{node.Line, node.Column}
	if isSecure(node) {
		d.fail(node, path, "a Pulumi secret cannot stand inside an object: set it in a key of its own (pulumi config set --secret %s:someKey) and refer to it as config:someKey", Namespace)
		return
	}
	if v.CanAddr() && v.Addr().Type().Implements(textUnmarshaler) {
		d.text(node, v, path)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(v.Type().Elem())
		applyDefaults(fresh.Elem())
		d.decode(node, fresh.Elem(), path)
		v.Set(fresh)
	case reflect.Struct:
		d.object(node, v, path)
	case reflect.Slice:
		d.list(node, v, path)
	case reflect.Map:
		d.mapping(node, v, path)
	case reflect.Interface:
		if free, ok := d.free(node, path, 0); ok {
			v.Set(reflect.ValueOf(free))
		}
	default:
		d.scalar(node, v, path)
	}
}

// unaliased follows a YAML alias to what it stands for.
func unaliased(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

func (d *decoder) object(node *yaml.Node, v reflect.Value, path *field.Path) {
	if node.Kind != yaml.MappingNode {
		d.fail(node, path, "is %s; it wants keys: %s", describe(node), strings.Join(keysOf(v.Type()), ", "))
		return
	}
	fields := fieldsOf(v.Type())
	for key, value := range d.pairs(node, path) {
		index, ok := fields[key.Value]
		if !ok {
			d.unknown(key, path, key.Value, keysOf(v.Type()))
			continue
		}
		d.decode(value, v.FieldByIndex(index), entry(path, key.Value))
	}
}

func (d *decoder) unknown(key *yaml.Node, parent *field.Path, name string, known []string) {
	path := entry(parent, name)
	if near := nearest(name, known); near != "" {
		// What was meant is not missing as well.
		d.src.bad[textOf(entry(parent, near))] = true
		d.fail(key, path, "unknown key %q; did you mean %q?", name, near)
		return
	}
	d.fail(key, path, "unknown key %q; known here: %s", name, strings.Join(known, ", "))
}

func (d *decoder) list(node *yaml.Node, v reflect.Value, path *field.Path) {
	if node.Kind != yaml.SequenceNode {
		d.fail(node, path, "is %s; it wants a list", describe(node))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(node.Content), len(node.Content))
	for i, item := range node.Content {
		at := path.Index(i)
		applyDefaults(out.Index(i))
		if isNull(item) {
			d.fail(item, at, "is empty; give a value or remove the entry")
			continue
		}
		d.decode(item, out.Index(i), at)
	}
	v.Set(out)
}

func (d *decoder) mapping(node *yaml.Node, v reflect.Value, path *field.Path) {
	if node.Kind != yaml.MappingNode {
		d.fail(node, path, "is %s; it wants keys and values", describe(node))
		return
	}
	out := reflect.MakeMap(v.Type())
	for key, value := range d.pairs(node, path) {
		at := entry(path, key.Value)
		element := reflect.New(v.Type().Elem()).Elem()
		if element.Kind() == reflect.String {
			d.looseText(value, element, at)
		} else {
			d.decode(value, element, at)
		}
		out.SetMapIndex(reflect.ValueOf(key.Value), element)
	}
	v.Set(out)
}

// pairs lists the keys and values of a mapping, with YAML merge keys (<<) unfolded, and refuses repeated
// keys: Pulumi would silently keep one of them.
func (d *decoder) pairs(node *yaml.Node, path *field.Path) func(yield func(*yaml.Node, *yaml.Node) bool) {
	return func(yield func(*yaml.Node, *yaml.Node) bool) {
		seen := map[string]bool{}
		var merged []*yaml.Node
		for i := 0; i+1 < len(node.Content); i += 2 {
			key, value := node.Content[i], node.Content[i+1]
			if key.Tag == "!!merge" {
				merged = append(merged, value)
				continue
			}
			if key.Kind != yaml.ScalarNode {
				d.fail(key, path, "has a key that is %s; keys are words", describe(key))
				continue
			}
			if seen[key.Value] {
				d.fail(key, entry(path, key.Value), "key %q is written twice", key.Value)
				continue
			}
			seen[key.Value] = true
			if !yield(key, unaliased(value)) {
				return
			}
		}
		for _, source := range d.mergeSources(merged, 0) {
			for i := 0; i+1 < len(source.Content); i += 2 {
				key, value := source.Content[i], source.Content[i+1]
				if key.Kind != yaml.ScalarNode || seen[key.Value] {
					continue
				}
				seen[key.Value] = true
				if !yield(key, unaliased(value)) {
					return
				}
			}
		}
	}
}

// mergeSources lists the mappings that merge keys refer to, nearest first.
func (d *decoder) mergeSources(nodes []*yaml.Node, depth int) []*yaml.Node {
	var out []*yaml.Node
	for _, n := range nodes {
		if d.visited++; d.visited > maxValues || depth > 8 {
			return out
		}
		n = unaliased(n)
		switch n.Kind {
		case yaml.SequenceNode:
			out = append(out, d.mergeSources(n.Content, depth+1)...)
		case yaml.MappingNode:
			flat := &yaml.Node{Kind: yaml.MappingNode}
			var deeper []*yaml.Node
			for i := 0; i+1 < len(n.Content); i += 2 {
				if n.Content[i].Tag == "!!merge" {
					deeper = append(deeper, n.Content[i+1])
					continue
				}
				flat.Content = append(flat.Content, n.Content[i], n.Content[i+1])
			}
			out = append(out, flat)
			out = append(out, d.mergeSources(deeper, depth+1)...)
		}
	}
	return out
}

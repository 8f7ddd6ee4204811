package spec

import (
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// LocatedRef is a secret reference, and where the stack file has it.
type LocatedRef struct {
	// Path leads to the key: cilium.bgp.peers[0].passwordRef.
	Path string
	// Ref says where the secret is kept.
	Ref SecretRef
}

// SecretRefs lists every secret reference of the stack, defaults included, in the order of the stack file's keys.
func (s *Stack) SecretRefs() []LocatedRef { return located(s.secretRefs()) }

// pathRef is a secret reference with its path.
type pathRef struct {
	path *field.Path
	ref  SecretRef
}

func located(refs []pathRef) []LocatedRef {
	var out []LocatedRef
	for _, r := range refs {
		out = append(out, LocatedRef{r.path.String(), r.ref})
	}
	return out
}

func (s *Stack) secretRefs() []pathRef {
	var out []pathRef
	walk(reflectElem(s), nil, func(path *field.Path, v reflect.Value, _ reflect.StructField) {
		if ref, ok := v.Interface().(SecretRef); ok && ref != "" {
			out = append(out, pathRef{path, ref})
		}
	})
	for i := range s.Nodes {
		out = append(out, s.Nodes[i].patchRefs(nodePath(i))...)
	}
	return out
}

// sortedKeys are the keys of a map of texts, in order.
func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}

// walk visits every value of the stack that has a key, the outer ones first.
func walk(v reflect.Value, path *field.Path, visit func(path *field.Path, v reflect.Value, f reflect.StructField)) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), path, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), path.Index(i), visit)
		}
	case reflect.Map:
		for _, key := range sortedKeys(v) {
			// A value of a map cannot be addressed; what is visited is a copy.
			element := reflect.New(v.Type().Elem()).Elem()
			element.Set(v.MapIndex(key))
			at := entry(path, key.String())
			if _, ref := element.Interface().(SecretRef); ref {
				visit(at, element, reflect.StructField{})
			}
			if element.Kind() == reflect.Struct {
				walk(element, at, visit)
			}
		}
	case reflect.Struct:
		for _, f := range keyedFields(v.Type()) {
			field, at := v.FieldByIndex(f.field.Index), entry(path, f.key)
			visit(at, field, f.field)
			walk(field, at, visit)
		}
	}
}

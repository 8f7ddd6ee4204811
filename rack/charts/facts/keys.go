package facts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Keys is a tree of value keys. A branch is Keys again; a leaf is the kind of what the chart has there by default:
// string, bool, number, list, map for a map of anything, any where the chart has nothing.
type Keys map[string]any

const (
	kindString = "string"
	kindBool   = "bool"
	kindNumber = "number"
	kindList   = "list"
	// kindMap is a map of anything, such as annotations.
	kindMap = "map"
	kindAny = "any"
)

// Unknown are the values that the chart does not know, by their paths, and why.
func (k Keys) Unknown(values map[string]any) []string { return k.unknown(values, nil) }

func (k Keys) unknown(values map[string]any, at []string) []string {
	var problems []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		path := append(slices.Clone(at), key)
		where := strings.Join(path, ".")
		inner, isMap := values[key].(map[string]any)
		switch known := k[key].(type) {
		case nil:
			problems = append(problems, fmt.Sprintf("%s: the chart has no such key", where))
		case Keys:
			if !isMap && values[key] != nil {
				problems = append(problems, fmt.Sprintf("%s: the chart has a map there", where))
			}
			problems = append(problems, known.unknown(inner, path)...)
		case string:
			if isMap && known != kindMap && known != kindAny {
				problems = append(problems, fmt.Sprintf("%s: the chart has a %s there, and no map", where, known))
			}
		}
	}
	return problems
}

// keysOf is the tree of a chart's default values.
func keysOf(values map[string]any) Keys {
	keys := Keys{}
	for key, value := range values {
		keys[key] = kindOf(value)
	}
	return keys
}

func kindOf(value any) any {
	switch value := value.(type) {
	case map[string]any:
		if len(value) == 0 {
			return kindMap
		}
		return keysOf(value)
	case []any:
		return kindList
	case string:
		return kindString
	case bool:
		return kindBool
	case int, int64, float64:
		return kindNumber
	default:
		return kindAny
	}
}

// add notes that templates read the path, which need not be among the defaults.
func (k Keys) add(path []string) {
	switch inner := k[path[0]].(type) {
	case Keys:
		if len(path) > 1 {
			inner.add(path[1:])
		}
	case nil:
		if len(path) == 1 {
			k[path[0]] = kindAny
			return
		}
		branch := Keys{}
		branch.add(path[1:])
		k[path[0]] = branch
	case string:
		if len(path) > 1 && inner == kindAny {
			branch := Keys{}
			branch.add(path[1:])
			k[path[0]] = branch
		}
	}
}

// open makes the branch at the path one of anything.
func (k Keys) open(path []string) {
	inner, isBranch := k[path[0]].(Keys)
	switch {
	case !isBranch:
	case len(path) == 1:
		k[path[0]] = kindMap
	default:
		inner.open(path[1:])
	}
}

// typed makes branches of what a YAML reader makes of them.
func (k Keys) typed() {
	for key, value := range k {
		if inner, ok := value.(map[string]any); ok {
			branch := Keys(inner)
			branch.typed()
			k[key] = branch
		}
	}
}

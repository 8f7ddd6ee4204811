package diff

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Change is one value that differs.
type Change struct {
	// Path leads to the value: machine.kernel.modules[name=zfs].
	Path string `json:"path"`
	// Before and After are the values; nil where there is none.
	Before any `json:"before"`
	After  any `json:"after"`
}

// compare lists what differs between two values made of maps, lists and scalars.
func compare(path string, before, after any) []Change {
	if reflect.DeepEqual(before, after) {
		return nil
	}
	mapBefore, isMapBefore := before.(map[string]any)
	mapAfter, isMapAfter := after.(map[string]any)
	if (isMapBefore || before == nil) && (isMapAfter || after == nil) {
		return compareMaps(path, mapBefore, mapAfter)
	}
	listBefore, isListBefore := before.([]any)
	listAfter, isListAfter := after.([]any)
	if isListBefore && isListAfter {
		return compareLists(path, listBefore, listAfter)
	}
	return []Change{{path, before, after}}
}

// compareMaps goes down where both have a map. What only one has is one change.
func compareMaps(path string, before, after map[string]any) []Change {
	if before == nil || after == nil {
		return []Change{{path, whole(before), whole(after)}}
	}
	keys := map[string]bool{}
	for key := range before {
		keys[key] = true
	}
	for key := range after {
		keys[key] = true
	}
	var changes []Change
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		below := join(path, key)
		valueBefore, had := before[key]
		valueAfter, has := after[key]
		switch {
		case had && has:
			changes = append(changes, compare(below, valueBefore, valueAfter)...)
		default:
			changes = append(changes, Change{below, valueBefore, valueAfter})
		}
	}
	return changes
}

// whole keeps a map that is not there from becoming one that is empty.
func whole(value map[string]any) any {
	if value == nil {
		return nil
	}
	return value
}

// identifiers are the keys that identify the items of a list, in the order in
// which they are tried.
var identifiers = []string{"name", "interface", "deviceSelector", "key", "type", "path", "address", "network"}

// compareLists pairs items by a key that identifies each of them; plain values by
// themselves; and else by their place.
func compareLists(path string, before, after []any) []Change {
	if key := identifier(before, after); key != "" {
		return compareNamed(path, key, before, after)
	}
	if scalars(before) && scalars(after) {
		var changes []Change
		for _, item := range before {
			if !slices.Contains(after, item) {
				changes = append(changes, Change{path + "[]", item, nil})
			}
		}
		for _, item := range after {
			if !slices.Contains(before, item) {
				changes = append(changes, Change{path + "[]", nil, item})
			}
		}
		if len(changes) == 0 { // another order, or another number of the same
			changes = []Change{{path, before, after}}
		}
		return changes
	}
	var changes []Change
	for i := range max(len(before), len(after)) {
		var itemBefore, itemAfter any
		if i < len(before) {
			itemBefore = before[i]
		}
		if i < len(after) {
			itemAfter = after[i]
		}
		changes = append(changes, compare(path+"["+strconv.Itoa(i)+"]", itemBefore, itemAfter)...)
	}
	return changes
}

func compareNamed(path, key string, before, after []any) []Change {
	byName := func(items []any) (map[string]any, []string) {
		named := map[string]any{}
		var order []string
		for _, item := range items {
			name := fmt.Sprint(item.(map[string]any)[key])
			named[name] = item
			order = append(order, name)
		}
		return named, order
	}
	namedBefore, orderBefore := byName(before)
	namedAfter, orderAfter := byName(after)
	var changes []Change
	for _, name := range orderBefore {
		changes = append(changes, compare(fmt.Sprintf("%s[%s=%s]", path, key, name), namedBefore[name], namedAfter[name])...)
	}
	for _, name := range orderAfter {
		if _, had := namedBefore[name]; !had {
			changes = append(changes, Change{fmt.Sprintf("%s[%s=%s]", path, key, name), nil, namedAfter[name]})
		}
	}
	if len(changes) == 0 {
		changes = []Change{{path, orderBefore, orderAfter}}
	}
	return changes
}

// identifier is the first key that every item of both lists has, with no value twice.
func identifier(lists ...[]any) string {
	for _, key := range identifiers {
		if !slices.ContainsFunc(lists, func(items []any) bool { return !tellsApart(key, items) }) {
			return key
		}
	}
	return ""
}

func tellsApart(key string, items []any) bool {
	seen := map[string]bool{}
	for _, item := range items {
		fields, _ := item.(map[string]any)
		value, has := fields[key]
		name := fmt.Sprint(value)
		if !has || seen[name] {
			return false
		}
		seen[name] = true
	}
	return true
}

func scalars(items []any) bool {
	return !slices.ContainsFunc(items, func(item any) bool {
		switch item.(type) {
		case map[string]any, []any:
			return true
		}
		return false
	})
}

// join is a path one key further down. A key with dots or brackets is quoted.
func join(path, key string) string {
	if strings.ContainsAny(key, ".[]\" ") {
		return path + "[" + strconv.Quote(key) + "]"
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

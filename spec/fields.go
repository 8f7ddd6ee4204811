package spec

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// fieldCache keeps what reflection says of each type; the answers never change.
var fieldCache sync.Map

// keyedField is a field with a JSON key.
type keyedField struct {
	key   string
	field reflect.StructField
}

var keyedCache sync.Map

// keyedFields lists the fields of a struct that have JSON keys, embedded ones included.
func keyedFields(t reflect.Type) []keyedField {
	if cached, ok := keyedCache.Load(t); ok {
		return cached.([]keyedField)
	}
	var out []keyedField
	for _, f := range reflect.VisibleFields(t) {
		if key := keyOf(f); key != "" {
			out = append(out, keyedField{key, f})
		}
	}
	keyedCache.Store(t, out)
	return out
}

// fieldsOf maps the JSON keys of a struct, embedded ones included, to their fields.
func fieldsOf(t reflect.Type) map[string][]int {
	if cached, ok := fieldCache.Load(t); ok {
		return cached.(map[string][]int)
	}
	out := map[string][]int{}
	for _, f := range keyedFields(t) {
		out[f.key] = f.field.Index
	}
	fieldCache.Store(t, out)
	return out
}

// keyOf is the JSON key of a field, or "" when it has none.
func keyOf(f reflect.StructField) string {
	if !f.IsExported() || f.Anonymous {
		return ""
	}
	key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if key == "-" {
		return ""
	}
	return key
}

// keysOf lists the JSON keys of a struct in the order of its fields.
func keysOf(t reflect.Type) []string {
	var out []string
	for _, f := range keyedFields(t) {
		out = append(out, f.key)
	}
	return out
}

// nearest is the known word that a misspelt one most likely means, or "" when none is near.
func nearest(word string, known []string) string {
	best, bestDistance := "", len(word)/3+1
	for _, candidate := range known {
		if strings.EqualFold(candidate, word) {
			return candidate
		}
		if d := editDistance(strings.ToLower(word), strings.ToLower(candidate)); d <= bestDistance && (best == "" || d < bestDistance) {
			best, bestDistance = candidate, d
		}
	}
	return best
}

// editDistance counts the letters to insert, drop, change or swap with a neighbour.
func editDistance(a, b string) int {
	before, previous := []int(nil), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(previous[j]+1, row[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, previous = previous, row
	}
	return slices.Max(previous[len(b):])
}

package kubernetes

import (
	"fmt"
	"reflect"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// detailedDiff tells every path at which the inputs differ from what exists, and how.
type detailedDiff struct {
	replacing []string
	// nulls makes an explicit null a value: in a chart's values it removes the chart's own default.
	nulls   bool
	changes map[string]*pulumirpc.PropertyDiff
}

// detail compares what exists, pruned to the old inputs, with the new inputs. A change of one of the replacing
// fields is one that replaces.
func detail(old, inputs map[string]any, replacing []string) map[string]*pulumirpc.PropertyDiff {
	return (&detailedDiff{replacing: replacing}).of(old, inputs)
}

// detailWithNulls is detail where an explicit null says something.
func detailWithNulls(old, inputs map[string]any, replacing []string) map[string]*pulumirpc.PropertyDiff {
	return (&detailedDiff{replacing: replacing, nulls: true}).of(old, inputs)
}

func (d *detailedDiff) of(old, inputs map[string]any) map[string]*pulumirpc.PropertyDiff {
	d.changes = map[string]*pulumirpc.PropertyDiff{}
	d.maps(nil, old, inputs)
	return d.changes
}

func (d *detailedDiff) maps(path []any, old, inputs map[string]any) {
	for key, value := range inputs {
		if value == nil {
			// An explicit null asks for nothing, but where it removes a default. Over a value it is a deletion, below.
			if _, ok := old[key]; d.nulls && !ok {
				d.record(step(path, key), pulumirpc.PropertyDiff_DELETE, nil)
			}
			continue
		}
		d.values(step(path, key), old[key], value)
	}
	for key, value := range old {
		if inputs[key] == nil && value != nil {
			d.record(step(path, key), pulumirpc.PropertyDiff_DELETE, value)
		}
	}
}

func (d *detailedDiff) lists(path []any, old, inputs []any) {
	for i := range max(len(old), len(inputs)) {
		switch {
		case i >= len(old):
			d.record(step(path, i), pulumirpc.PropertyDiff_ADD, inputs[i])
		case i >= len(inputs):
			d.record(step(path, i), pulumirpc.PropertyDiff_DELETE, old[i])
		default:
			d.values(step(path, i), old[i], inputs[i])
		}
	}
}

func (d *detailedDiff) values(path []any, old, input any) {
	switch value := input.(type) {
	case map[string]any:
		if before, ok := old.(map[string]any); ok {
			d.maps(path, before, value)
			return
		}
	case []any:
		if before, ok := old.([]any); ok {
			d.lists(path, before, value)
			return
		}
	}
	switch {
	case old == nil && input == nil:
	case old == nil:
		d.record(path, pulumirpc.PropertyDiff_ADD, input)
	case !same(old, input):
		d.record(path, pulumirpc.PropertyDiff_UPDATE, input)
	}
}

// same compares two values; a number is the same whether it came from the API server or from the engine, and an
// unknown is never the same.
func same(a, b any) bool {
	x, isNumber := number(a)
	y, areNumbers := number(b)
	if isNumber && areNumbers {
		return x == y
	}
	return reflect.DeepEqual(a, b)
}

func number(value any) (float64, bool) {
	switch n := value.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	}
	return 0, false
}

func (d *detailedDiff) record(path []any, kind pulumirpc.PropertyDiff_Kind, value any) {
	// A deletion is seen in the inputs alone: what exists may keep the field with a default.
	inputDiff := kind == pulumirpc.PropertyDiff_DELETE
	if replaces(d.replacing, path, value) {
		kind++ // each kind is followed by its replacing sibling
	}
	d.changes[pathText(path)] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: inputDiff}
}

// step is the path one step deeper, in a slice of its own.
func step(path []any, next any) []any {
	return append(path[:len(path):len(path)], next)
}

// pathText writes a path as Pulumi does: spec.ports[0], metadata.annotations["a.b/c"].
func pathText(path []any) string {
	var text strings.Builder
	for _, step := range path {
		switch key := step.(type) {
		case int:
			fmt.Fprintf(&text, "[%d]", key)
		case string:
			switch {
			case strings.ContainsAny(key, `."[]`):
				fmt.Fprintf(&text, `["%s"]`, strings.ReplaceAll(key, `"`, `\"`))
			case text.Len() > 0:
				text.WriteString("." + key)
			default:
				text.WriteString(key)
			}
		}
	}
	return text.String()
}

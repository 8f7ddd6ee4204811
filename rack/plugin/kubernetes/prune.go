package kubernetes

import (
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// prune keeps of a live object what the inputs also have, so that fields which the cluster itself fills in are no
// difference.
func prune(live, inputs *unstructured.Unstructured) *unstructured.Unstructured {
	pruned := pruneMap(live.Object, inputs.Object)
	if pruned == nil {
		pruned = map[string]any{}
	}
	return &unstructured.Unstructured{Object: pruned}
}

func pruneMap(live, inputs map[string]any) map[string]any {
	if live == nil || inputs == nil {
		return nil
	}
	pruned := map[string]any{}
	for key, value := range live {
		if input, ok := inputs[key]; ok {
			pruned[key] = pruneValue(value, input)
		}
	}
	return pruned
}

// pruneSlice pairs the items by their position.
func pruneSlice(live, inputs []any) []any {
	if live == nil || inputs == nil {
		return nil
	}
	pruned := make([]any, 0, len(inputs))
	if len(live) > 0 && len(inputs) > 0 && reflect.TypeOf(live[0]) != reflect.TypeOf(inputs[0]) {
		return append(pruned, live...)
	}
	for i := range min(len(live), len(inputs)) {
		pruned = append(pruned, pruneValue(live[i], inputs[i]))
	}
	return pruned
}

// pruneValue leaves a value whose type is not the input's as it is: that is a difference to show.
func pruneValue(live, input any) any {
	switch value := live.(type) {
	case map[string]any:
		if fields, ok := input.(map[string]any); ok {
			return pruneMap(value, fields)
		}
	case []any:
		if items, ok := input.([]any); ok {
			return pruneSlice(value, items)
		}
	}
	return live
}

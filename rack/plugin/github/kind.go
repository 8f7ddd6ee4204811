package github

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// kind is one kind of resource.
type kind struct {
	inputs map[resource.PropertyKey]input
	// computed are the outputs that are no inputs.
	computed []resource.PropertyKey
	// validate refuses inputs that this stand-in does not know; it may be nil.
	validate func(inputs resource.PropertyMap) error
	// create makes the resource and returns its id.
	create func(ctx context.Context, api *client, inputs map[string]any) (id string, err error)
	// read finds what GitHub shows: inputs as they would be written, and computed
	// outputs. Its error satisfies isNotFound when there is nothing.
	read func(ctx context.Context, api *client, id string, state map[string]any) (map[string]any, error)
	// update is nil for what cannot be changed.
	update func(ctx context.Context, api *client, id string, inputs map[string]any) error
	delete func(ctx context.Context, api *client, id string, state map[string]any) error
}

// input is one input of a resource.
type input struct {
	required bool
	// replaces says that a change needs a new resource.
	replaces bool
	// byDefault is its value when it is not given; nil for none.
	byDefault any
}

// check fills in the defaults and tells what is wrong.
func (k kind) check(inputs resource.PropertyMap) (resource.PropertyMap, []*pulumirpc.CheckFailure) {
	checked := inputs.Copy()
	var failures []*pulumirpc.CheckFailure
	fail := func(key resource.PropertyKey, reason string) {
		failures = append(failures, &pulumirpc.CheckFailure{Property: string(key), Reason: reason})
	}
	for _, key := range slices.Sorted(maps.Keys(k.inputs)) {
		in, given := k.inputs[key], !inputs[key].IsNull()
		switch {
		case !given && in.required:
			fail(key, fmt.Sprintf("Missing required property '%s'", key))
		case !given && in.byDefault != nil:
			checked[key] = resource.NewPropertyValue(in.byDefault)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(inputs)) {
		if _, known := k.inputs[key]; !known && key != "__defaults" {
			fail(key, "an unexpected argument was provided")
		}
	}
	return checked, failures
}

// diff tells what an update would change.
func diff(olds, news resource.PropertyMap, replaces func(resource.PropertyKey) bool) *pulumirpc.DiffResponse {
	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	delta := olds.Diff(news)
	if delta == nil {
		return response
	}
	keys := delta.ChangedKeys()
	slices.Sort(keys)
	for _, key := range keys {
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		response.Diffs = append(response.Diffs, string(key))
		if replaces(key) {
			response.Replaces = append(response.Replaces, string(key))
		}
	}
	return response
}

// planned is what is known of a resource before it is made or changed.
func (k kind) planned(inputs resource.PropertyMap) resource.PropertyMap {
	planned := inputs.Copy()
	for _, key := range k.computed {
		planned[key] = resource.MakeComputed(resource.NewProperty(""))
	}
	return planned
}

// given are the inputs out of a whole state.
func (k kind) given(state resource.PropertyMap) resource.PropertyMap {
	inputs := resource.PropertyMap{}
	for key := range k.inputs {
		if value, ok := state[key]; ok {
			inputs[key] = value
		}
	}
	return inputs
}

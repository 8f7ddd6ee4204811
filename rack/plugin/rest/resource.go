package rest

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// Resource is one kind of resource.
type Resource[C any] struct {
	Inputs map[resource.PropertyKey]Input
	// Computed are the outputs that are no inputs.
	Computed []resource.PropertyKey
	// Secrets are the inputs and outputs that are secret whoever gives them.
	Secrets []resource.PropertyKey
	// DeleteFirst deletes a resource before another replaces it.
	DeleteFirst bool
	// Gone reports whether an error of Read says that there is no such thing any more. It is nil where the genuine plugin
	// fails then.
	Gone func(error) bool
	// Complete refuses inputs that the stand-in does not know, and fills in defaults below
	// the top level. It may be nil.
	Complete func(inputs resource.PropertyMap) error

	// Create makes the resource, and returns its id and the outputs that are told only now.
	Create func(ctx context.Context, api C, inputs map[string]any) (id string, outputs map[string]any, err error)
	// Read finds inputs and outputs as they are.
	Read func(ctx context.Context, api C, id string, state map[string]any) (map[string]any, error)
	// Update is nil where each change is a replacement.
	Update func(ctx context.Context, api C, id string, inputs, state map[string]any) error
	Delete func(ctx context.Context, api C, id string, state map[string]any) error
}

// Input is one input of a resource.
type Input struct {
	Required bool
	// Replaces says that a change needs a new resource.
	Replaces bool
	// Default is its value when it is not given; nil for none.
	Default any
	// OneOf are the only values that it may have; empty for any.
	OneOf []string
}

// find is the kind of a resource.
func (s *service[C]) find(urn string) (Resource[C], error) {
	token := resource.URN(urn).Type()
	r, ok := s.Resources[token]
	if !ok {
		return r, serve.Unimplemented(s.Name, "resource "+string(token))
	}
	return r, nil
}

// Check validates the inputs of a resource and fills in their defaults.
func (s *service[C]) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	r, err := s.find(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := s.read(req.GetNews())
	if err != nil {
		return nil, err
	}
	failures := r.check(inputs)
	if r.Complete != nil {
		if err := r.Complete(inputs); err != nil {
			return nil, serve.Unimplemented(s.Name, err.Error())
		}
	}
	out, err := s.write(inputs, r.Secrets)
	return &pulumirpc.CheckResponse{Inputs: out, Failures: failures}, err
}

// check fills in the defaults and tells what is wrong.
func (r Resource[C]) check(inputs resource.PropertyMap) (failures []*pulumirpc.CheckFailure) {
	fail := func(key resource.PropertyKey, format string, args ...any) {
		failures = append(failures, &pulumirpc.CheckFailure{Property: string(key), Reason: fmt.Sprintf(format, args...)})
	}
	for _, key := range slices.Sorted(maps.Keys(r.Inputs)) {
		in, value := r.Inputs[key], inputs[key]
		switch {
		case value.IsNull() && in.Required:
			fail(key, "Missing required property '%s'", key)
		case value.IsNull() && in.Default != nil:
			inputs[key] = resource.NewPropertyValue(in.Default)
		case value.IsString() && len(in.OneOf) > 0 && !slices.Contains(in.OneOf, value.StringValue()):
			fail(key, "expected %s to be one of %q, got %s", key, in.OneOf, value.StringValue())
		}
	}
	for _, key := range slices.Sorted(maps.Keys(inputs)) {
		if _, known := r.Inputs[key]; !known {
			fail(key, "this stand-in does not know it; the genuine plugin may (make rehearse PLUGINS=DIR)")
		}
	}
	return failures
}

// Diff compares what was asked for with what is asked for now. What the service changed
// since shows after a refresh.
func (s *service[C]) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	r, err := s.find(req.GetUrn())
	if err != nil {
		return nil, err
	}
	olds, err := s.read(req.GetOldInputs())
	if err != nil {
		return nil, err
	}
	news, err := s.read(req.GetNews())
	if err != nil {
		return nil, err
	}
	for _, path := range req.GetIgnoreChanges() {
		key := resource.PropertyKey(path)
		if old, ok := olds[key]; ok {
			news[key] = old
		} else {
			delete(news, key)
		}
	}
	response := differences(olds, news, func(key resource.PropertyKey) bool { return r.Inputs[key].Replaces })
	response.DeleteBeforeReplace = r.DeleteFirst && len(response.GetReplaces()) > 0
	return response, nil
}

// planned is what is known of a resource before it is made or changed.
func (r Resource[C]) planned(inputs, olds resource.PropertyMap) resource.PropertyMap {
	planned := inputs.Copy()
	for _, key := range r.Computed {
		planned[key] = resource.MakeComputed(resource.NewProperty(""))
		if old, ok := olds[key]; ok {
			planned[key] = old
		}
	}
	return planned
}

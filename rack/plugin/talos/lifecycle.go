package talos

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// Check validates the inputs of a resource against the schema and marks the sensitive ones.
func (s *Server) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	kind, err := s.resourceType(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := read("talos.Check.news", req.GetNews())
	if err != nil {
		return nil, err
	}
	problems := kind.attributes.check("", resource.NewObjectProperty(inputs))
	if len(problems) == 0 && kind.validate != nil {
		problems = kind.validate(inputs)
	}
	checked, err := write("talos.Check.inputs", kind.attributes, inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.CheckResponse{Inputs: checked, Failures: failures(problems)}, nil
}

func failures(problems []problem) []*pulumirpc.CheckFailure {
	list := make([]*pulumirpc.CheckFailure, 0, len(problems))
	for _, p := range problems {
		list = append(list, &pulumirpc.CheckFailure{Property: p.path, Reason: p.reason})
	}
	return list
}

// Diff tells by the top-level attribute what an update would change, as the genuine plugin does.
func (s *Server) Diff(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	kind, err := s.resourceType(req.GetUrn())
	if err != nil {
		return nil, err
	}
	prior, err := read("talos.Diff.olds", req.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, err := read("talos.Diff.news", req.GetNews())
	if err != nil {
		return nil, err
	}
	inputs = ignoring(inputs, prior, req.GetIgnoreChanges())
	p, err := s.plan(ctx, req.GetUrn(), kind, inputs, prior)
	if err != nil {
		return nil, err
	}

	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	for _, key := range p.changedKeys(kind.attributes) {
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		response.Diffs = append(response.Diffs, string(key))
	}
	for _, key := range p.replaces {
		response.Replaces = append(response.Replaces, string(key))
	}
	return response, nil
}

// Create makes a resource; in a preview it tells what is known of it.
func (s *Server) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	ctx, done := s.operation(ctx)
	defer done()
	kind, err := s.resourceType(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := read("talos.Create.properties", req.GetProperties())
	if err != nil {
		return nil, err
	}
	p, err := s.plan(ctx, req.GetUrn(), kind, inputs, nil)
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		planned, err := write("talos.Create.planned", kind.attributes, p.planned)
		return &pulumirpc.CreateResponse{Properties: planned}, err
	}

	state, err := kind.create(ctx, p.planned)
	if err != nil {
		return nil, err
	}
	if err := checkRawState(state); err != nil {
		return nil, err
	}
	created, err := write("talos.Create.state", kind.attributes, state)
	return &pulumirpc.CreateResponse{Id: textAt(state, "id"), Properties: created}, err
}

// Update changes a resource in place; in a preview it tells what is known of it.
func (s *Server) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	ctx, done := s.operation(ctx)
	defer done()
	kind, err := s.resourceType(req.GetUrn())
	if err != nil {
		return nil, err
	}
	prior, err := read("talos.Update.olds", req.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, err := read("talos.Update.news", req.GetNews())
	if err != nil {
		return nil, err
	}
	inputs = ignoring(inputs, prior, req.GetIgnoreChanges())
	p, err := s.plan(ctx, req.GetUrn(), kind, inputs, prior)
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		planned, err := write("talos.Update.planned", kind.attributes, p.planned)
		return &pulumirpc.UpdateResponse{Properties: planned}, err
	}

	state, err := kind.update(ctx, p.planned, prior)
	if err != nil {
		return nil, err
	}
	if err := checkRawState(state); err != nil {
		return nil, err
	}
	updated, err := write("talos.Update.state", kind.attributes, state)
	return &pulumirpc.UpdateResponse{Properties: updated}, err
}

// Read returns the state as it is: the genuine resources look at nothing outside, so a refresh finds no drift.
// Without a state it is an import.
func (s *Server) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	kind, err := s.resourceType(req.GetUrn())
	if err != nil {
		return nil, err
	}
	if len(req.GetProperties().GetFields()) > 0 {
		return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: req.GetProperties(), Inputs: req.GetInputs()}, nil
	}
	if kind.importState == nil {
		return nil, fmt.Errorf("%s: this resource does not support import", resource.URN(req.GetUrn()).Type())
	}
	imported, err := kind.importState(req.GetId())
	if err != nil {
		return nil, err
	}
	state, err := write("talos.Read.state", kind.attributes, imported)
	if err != nil {
		return nil, err
	}
	inputs := resource.PropertyMap{}
	for key, attribute := range kind.attributes.fields {
		if value, ok := imported[key]; ok && (!attribute.computed || key == "talosVersion") {
			inputs[key] = value
		}
	}
	given, err := write("talos.Read.inputs", kind.attributes, inputs)
	return &pulumirpc.ReadResponse{Id: textAt(imported, "id"), Properties: state, Inputs: given}, err
}

// Delete forgets a resource. Only a configuration whose state says so does anything to its node.
func (s *Server) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	ctx, done := s.operation(ctx)
	defer done()
	kind, err := s.resourceType(req.GetUrn())
	if err != nil || kind.delete == nil {
		return &emptypb.Empty{}, err
	}
	state, err := read("talos.Delete.properties", req.GetProperties())
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, kind.delete(ctx, state)
}

// Invoke calls a function.
func (s *Server) Invoke(ctx context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	ctx, done := s.operation(ctx)
	defer done()
	call, ok := s.functions[tokens.ModuleMember(req.GetTok())]
	if !ok {
		return nil, serve.Unimplemented("talos", "function "+req.GetTok())
	}
	arguments, err := read("talos.Invoke.args", req.GetArgs())
	if err != nil {
		return nil, err
	}
	if problems := call.arguments.check("", resource.NewObjectProperty(arguments)); len(problems) > 0 {
		return &pulumirpc.InvokeResponse{Failures: failures(problems)}, nil
	}
	result, err := call.call(ctx, arguments)
	if err != nil {
		return nil, err
	}
	returned, err := write("talos.Invoke.return", call.result, result)
	return &pulumirpc.InvokeResponse{Return: returned}, err
}

// plan makes a resource's plan and shows its warnings.
func (s *Server) plan(
	ctx context.Context, urn string, kind resourceType, inputs, prior resource.PropertyMap,
) (*plan, error) {
	p := newPlan(kind.attributes, inputs, prior)
	if kind.plan != nil {
		if err := kind.plan(ctx, p); err != nil {
			return nil, err
		}
	}
	for _, warning := range p.warnings {
		s.engine.Log(ctx, pulumirpc.LogSeverity_WARNING, urn, warning)
	}
	return p, nil
}

// ignoring is the inputs with the old value wherever the program ignores changes.
func ignoring(inputs, prior resource.PropertyMap, paths []string) resource.PropertyMap {
	result := resource.NewObjectProperty(inputs.Copy())
	for _, text := range paths {
		path, err := resource.ParsePropertyPath(text)
		if err != nil {
			continue // the engine refuses such a path before it comes here
		}
		if old, ok := path.Get(resource.NewObjectProperty(prior)); ok {
			path.Set(result, old)
		} else {
			path.Delete(result)
		}
	}
	return result.ObjectValue()
}

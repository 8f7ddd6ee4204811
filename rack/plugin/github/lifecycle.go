package github

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// Check validates the inputs of a resource and fills in their defaults.
func (s *Server) Check(ctx context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	_, done, k, err := s.operation(ctx, req.GetUrn(), 0)
	defer done()
	if err != nil {
		return nil, err
	}
	inputs, err := read(req.GetNews())
	if err != nil {
		return nil, err
	}
	if k.validate != nil {
		if err := k.validate(inputs); err != nil {
			return nil, err
		}
	}
	checked, failures := k.check(inputs)
	out, err := write(checked)
	return &pulumirpc.CheckResponse{Inputs: out, Failures: failures}, err
}

// Diff compares what was asked for with what is asked for now. What GitHub changed
// since shows after a refresh.
func (s *Server) Diff(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	_, done, k, err := s.operation(ctx, req.GetUrn(), 0)
	defer done()
	if err != nil {
		return nil, err
	}
	olds, news, err := readBoth(req.GetOldInputs(), req.GetNews())
	if err != nil {
		return nil, err
	}
	for _, path := range req.GetIgnoreChanges() {
		news[resource.PropertyKey(path)] = olds[resource.PropertyKey(path)]
	}
	return diff(k.given(olds), k.given(news), func(key resource.PropertyKey) bool { return k.inputs[key].replaces }), nil
}

// Create makes a resource; in a preview it tells what is known of it.
func (s *Server) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	ctx, done, k, err := s.operation(ctx, req.GetUrn(), req.GetTimeout())
	defer done()
	if err != nil {
		return nil, err
	}
	inputs, err := read(req.GetProperties())
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		out, err := write(k.planned(inputs))
		return &pulumirpc.CreateResponse{Properties: out}, err
	}
	id, err := k.create(ctx, s.api, inputs.Mappable())
	if err != nil {
		return nil, err
	}
	state, err := s.refreshed(ctx, k, id, inputs)
	if err != nil {
		return nil, err
	}
	out, err := write(state)
	return &pulumirpc.CreateResponse{Id: id, Properties: out}, err
}

// Update changes a resource in place; in a preview it tells what is known of it.
func (s *Server) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	ctx, done, k, err := s.operation(ctx, req.GetUrn(), req.GetTimeout())
	defer done()
	if err != nil {
		return nil, err
	}
	inputs, err := read(req.GetNews())
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		out, err := write(k.planned(inputs))
		return &pulumirpc.UpdateResponse{Properties: out}, err
	}
	if k.update == nil {
		return nil, serve.Unimplemented("github", "update of "+string(resource.URN(req.GetUrn()).Type()))
	}
	if err := k.update(ctx, s.api, req.GetId(), inputs.Mappable()); err != nil {
		return nil, err
	}
	state, err := s.refreshed(ctx, k, req.GetId(), inputs)
	if err != nil {
		return nil, err
	}
	out, err := write(state)
	return &pulumirpc.UpdateResponse{Properties: out}, err
}

// Read looks at GitHub. Nothing there is an answer without an id.
func (s *Server) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	ctx, done, k, err := s.operation(ctx, req.GetUrn(), 0)
	defer done()
	if err != nil {
		return nil, err
	}
	prior, err := read(req.GetProperties())
	if err != nil {
		return nil, err
	}
	if len(prior) == 0 {
		return nil, serve.Unimplemented("github", "import of "+string(resource.URN(req.GetUrn()).Type()))
	}
	state, err := s.refreshed(ctx, k, req.GetId(), prior)
	if isNotFound(err) {
		return &pulumirpc.ReadResponse{}, nil
	}
	if err != nil {
		return nil, err
	}
	out, err := write(state)
	if err != nil {
		return nil, err
	}
	inputs, err := write(k.given(state))
	return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: out, Inputs: inputs}, err
}

// refreshed is a state with what GitHub shows put over it.
func (s *Server) refreshed(ctx context.Context, k kind, id string, state resource.PropertyMap) (resource.PropertyMap, error) {
	shown, err := k.read(ctx, s.api, id, state.Mappable())
	if err != nil {
		return nil, err
	}
	out := state.Copy()
	for key, value := range resource.NewPropertyMapFromMap(shown) {
		out[key] = value
	}
	return out, nil
}

// Delete removes a resource from GitHub.
func (s *Server) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	ctx, done, k, err := s.operation(ctx, req.GetUrn(), req.GetTimeout())
	defer done()
	if err != nil {
		return nil, err
	}
	state, err := read(req.GetProperties())
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, k.delete(ctx, s.api, req.GetId(), state.Mappable())
}

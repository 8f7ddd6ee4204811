package rest

import (
	"context"
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// Create makes a resource; in a preview it tells what is known of it.
func (s *service[C]) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	r, err := s.find(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := s.read(req.GetProperties())
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		out, err := s.write(r.planned(inputs, nil), r.Secrets)
		return &pulumirpc.CreateResponse{Properties: out}, err
	}
	ctx, done := s.within(ctx, req.GetTimeout())
	defer done()
	id, outputs, err := r.Create(ctx, s.api, inputs.Mappable())
	if err != nil && id == "" {
		return nil, err
	}
	state := over(inputs, outputs)
	if err == nil {
		state, err = s.refreshed(ctx, r, id, state)
	}
	if err != nil {
		return nil, s.halfMade(r, id, state, inputs, err)
	}
	out, err := s.write(state, r.Secrets)
	return &pulumirpc.CreateResponse{Id: id, Properties: out}, err
}

// halfMade is the error of a resource that is there and could not be finished. The engine
// keeps it, and the next run updates it.
func (s *service[C]) halfMade(r Resource[C], id string, state, inputs resource.PropertyMap, cause error) error {
	properties, err := s.write(state, r.Secrets)
	if err != nil {
		return errors.Join(cause, err)
	}
	given, err := s.write(inputs, r.Secrets)
	if err != nil {
		return errors.Join(cause, err)
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, cause.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: properties, Reasons: []string{cause.Error()}, Inputs: given,
	})
}

// Update changes a resource in place; in a preview it tells what is known of it.
func (s *service[C]) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	r, err := s.find(req.GetUrn())
	if err != nil {
		return nil, err
	}
	olds, err := s.read(req.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, err := s.read(req.GetNews())
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		out, err := s.write(r.planned(inputs, olds), r.Secrets)
		return &pulumirpc.UpdateResponse{Properties: out}, err
	}
	ctx, done := s.within(ctx, req.GetTimeout())
	defer done()
	if r.Update != nil {
		if err := r.Update(ctx, s.api, req.GetId(), inputs.Mappable(), olds.Mappable()); err != nil {
			return nil, err
		}
	}
	state := inputs.Copy()
	for _, key := range r.Computed {
		if old, ok := olds[key]; ok {
			state[key] = old
		}
	}
	if state, err = s.refreshed(ctx, r, req.GetId(), state); err != nil {
		return nil, err
	}
	out, err := s.write(state, r.Secrets)
	return &pulumirpc.UpdateResponse{Properties: out}, err
}

// Read looks at the service. Nothing there is an answer without an id.
func (s *service[C]) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	r, err := s.find(req.GetUrn())
	if err != nil {
		return nil, err
	}
	prior, err := s.read(req.GetProperties())
	if err != nil {
		return nil, err
	}
	if len(prior) == 0 {
		return nil, serve.Unimplemented(s.Name, "import of "+string(resource.URN(req.GetUrn()).Type()))
	}
	given, err := s.read(req.GetInputs())
	if err != nil {
		return nil, err
	}
	ctx, done := s.within(ctx, 0)
	defer done()
	state, err := s.refreshed(ctx, r, req.GetId(), prior)
	switch {
	case err != nil && r.Gone != nil && r.Gone(err):
		return &pulumirpc.ReadResponse{}, nil
	case err != nil:
		return nil, err
	}
	// What was never asked for does not become an input: it would show as a change.
	for key := range given {
		if now, ok := state[key]; ok {
			given[key] = now
		}
	}
	out, err := s.write(state, r.Secrets)
	if err != nil {
		return nil, err
	}
	inputs, err := s.write(given, r.Secrets)
	return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: out, Inputs: inputs}, err
}

// refreshed is a state with what the service shows put over it.
func (s *service[C]) refreshed(ctx context.Context, r Resource[C], id string, state resource.PropertyMap) (resource.PropertyMap, error) {
	shown, err := r.Read(ctx, s.api, id, state.Mappable())
	if err != nil {
		return state, err
	}
	return over(state, shown), nil
}

func over(state resource.PropertyMap, news map[string]any) resource.PropertyMap {
	out := state.Copy()
	for key, value := range resource.NewPropertyMapFromMap(news) {
		out[key] = value
	}
	return out
}

// Delete removes a resource.
func (s *service[C]) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	r, err := s.find(req.GetUrn())
	if err != nil {
		return nil, err
	}
	state, err := s.read(req.GetProperties())
	if err != nil {
		return nil, err
	}
	ctx, done := s.within(ctx, req.GetTimeout())
	defer done()
	return &emptypb.Empty{}, r.Delete(ctx, s.api, req.GetId(), state.Mappable())
}

// Package rest is what the stand-ins for provider plugins of REST services have in common:
// the engine's protocol on one side, and on the other a table of resources, each with a few
// functions that call the service's API.
package rest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// Provider describes a plugin. C is the client of its service's API.
type Provider[C any] struct {
	// Name is the plugin's, and Version that of the genuine one.
	Name, Version string
	// Secrets are the settings that are secret.
	Secrets []resource.PropertyKey
	// Configure makes a client out of the provider's settings. It contacts nothing.
	Configure func(settings map[string]any) (C, error)
	// Resources and Functions are what the plugin has, by their tokens. Every other is
	// refused by name.
	Resources map[tokens.Type]Resource[C]
	Functions map[string]Function[C]
}

// Function looks something up, in a preview too.
type Function[C any] func(ctx context.Context, api C, args map[string]any) (map[string]any, error)

// Plugin is the plugin as a process serves it.
func (p Provider[C]) Plugin() serve.Plugin {
	return serve.Plugin{
		Name: p.Name,
		Register: func(ctx context.Context, server *grpc.Server, engine *serve.Engine) {
			ctx, cancel := context.WithCancel(ctx)
			pulumirpc.RegisterResourceProviderServer(server, &service[C]{
				Provider: p, engine: engine, ended: ctx, cancel: cancel,
			})
		},
	}
}

// service is the plugin's gRPC service.
type service[C any] struct {
	pulumirpc.UnimplementedResourceProviderServer
	Provider[C]

	engine *serve.Engine
	ended  context.Context
	cancel context.CancelFunc
	api    C
}

// CheckConfig keeps secret what is.
func (s *service[C]) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	settings, err := s.read(req.GetNews())
	if err != nil {
		return nil, err
	}
	inputs, err := s.write(settings, s.Secrets)
	return &pulumirpc.CheckResponse{Inputs: inputs}, err
}

// DiffConfig never asks for new resources: other credentials are another way to the same
// ones.
func (s *service[C]) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := s.read(req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := s.read(req.GetNews())
	if err != nil {
		return nil, err
	}
	return differences(olds, news, func(resource.PropertyKey) bool { return false }), nil
}

// Configure readies the client. The engine marks what a program gave as a secret wherever
// it comes back; what the service adds is marked here.
func (s *service[C]) Configure(_ context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	settings, err := s.read(req.GetArgs())
	if err != nil {
		return nil, err
	}
	if s.api, err = s.Provider.Configure(settings.Mappable()); err != nil {
		return nil, err
	}
	return &pulumirpc.ConfigureResponse{SupportsPreview: true}, nil
}

// Handshake connects to the engine that started the plugin.
func (s *service[C]) Handshake(
	_ context.Context, req *pulumirpc.ProviderHandshakeRequest,
) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{}, s.engine.Connect(req.GetEngineAddress())
}

// Attach connects to an engine that found the plugin running.
func (s *service[C]) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.engine.Connect(req.GetAddress())
}

// GetPluginInfo tells the plugin's version.
func (s *service[C]) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: s.Version}, nil
}

// Cancel ends what runs.
func (s *service[C]) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	s.cancel()
	return &emptypb.Empty{}, nil
}

// Invoke calls a function.
func (s *service[C]) Invoke(ctx context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	call, ok := s.Functions[req.GetTok()]
	if !ok {
		return nil, serve.Unimplemented(s.Name, "function "+req.GetTok())
	}
	args, err := s.read(req.GetArgs())
	if err != nil {
		return nil, err
	}
	ctx, done := s.untilCancelled(ctx)
	defer done()
	result, err := call(ctx, s.api, args.Mappable())
	if err != nil {
		return nil, fmt.Errorf("invoking %s: %w", req.GetTok(), err)
	}
	out, err := s.write(resource.NewPropertyMapFromMap(result), nil)
	return &pulumirpc.InvokeResponse{Return: out}, err
}

// untilCancelled is a context that also ends with the plugin.
func (s *service[C]) untilCancelled(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.ended, cancel)
	return ctx, func() { stop(); cancel() }
}

// defaultTimeout is that of an operation for which the program gives none, as Terraform's SDK has it, on which the genuine
// plugins are built (https://pkg.go.dev/github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema#ResourceTimeout).
const defaultTimeout = 20 * time.Minute

// within is a context that ends with the plugin, and when an operation has taken its time: the resource's custom timeout, in
// seconds. No call has a limit of its own.
func (s *service[C]) within(ctx context.Context, seconds float64) (context.Context, context.CancelFunc) {
	limit := defaultTimeout
	if seconds > 0 {
		limit = time.Duration(seconds * float64(time.Second))
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	ctx, done := s.untilCancelled(ctx)
	return ctx, func() { done(); cancel() }
}

func (s *service[C]) read(properties *structpb.Struct) (resource.PropertyMap, error) {
	values, err := plugin.UnmarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	return values, nil
}

func (s *service[C]) write(values resource.PropertyMap, secrets []resource.PropertyKey) (*structpb.Struct, error) {
	values = values.Copy()
	for _, key := range secrets {
		if v, ok := values[key]; ok && !v.IsNull() {
			values[key] = resource.MakeSecret(v)
		}
	}
	return plugin.MarshalProperties(values, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
}

// differences tells what an update would change.
func differences(olds, news resource.PropertyMap, replaces func(resource.PropertyKey) bool) *pulumirpc.DiffResponse {
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

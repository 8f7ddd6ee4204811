// Package github is a stand-in for the Pulumi provider plugin "github" v6.14.0: the
// same tokens, inputs and outputs, and the same calls to GitHub's REST API, for machines
// to which the genuine plugin cannot be downloaded. It has the resources that the
// program uses, and refuses every other by name.
//
// Like the genuine plugin it repeats a call that a server's error answers, and like it
// it adopts nothing: when GitHub did a thing and its answer was lost, the repeated call
// fails because the thing exists.
package github

import (
	"context"
	"fmt"
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

// Version is the version of the genuine plugin that this one stands in for.
const Version = "6.14.0"

// Server is the plugin's gRPC service.
type Server struct {
	pulumirpc.UnimplementedResourceProviderServer

	engine *serve.Engine
	ended  context.Context
	cancel context.CancelFunc
	api    *client
	kinds  map[tokens.Type]kind
}

// New makes the service; its operations end with the context.
func New(ctx context.Context, engine *serve.Engine) *Server {
	ctx, cancel := context.WithCancel(ctx)
	return &Server{engine: engine, ended: ctx, cancel: cancel, api: &client{}, kinds: map[tokens.Type]kind{
		"github:index/repositoryDeployKey:RepositoryDeployKey": deployKey(),
		"github:index/repositoryWebhook:RepositoryWebhook":     webhook(),
		"github:index/repositoryRuleset:RepositoryRuleset":     ruleset(),
	}}
}

// Plugin is the plugin as a process serves it.
func Plugin() serve.Plugin {
	return serve.Plugin{
		Name: "github",
		Register: func(ctx context.Context, server *grpc.Server, engine *serve.Engine) {
			pulumirpc.RegisterResourceProviderServer(server, New(ctx, engine))
		},
	}
}

// CheckConfig takes the configuration as it is.
func (s *Server) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: req.GetNews()}, nil
}

// DiffConfig asks for new resources when they are another owner's.
func (s *Server) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, news, err := readBoth(req.GetOlds(), req.GetNews())
	if err != nil {
		return nil, err
	}
	return diff(olds, news, func(key resource.PropertyKey) bool { return key == "owner" }), nil
}

// Configure says where GitHub is and whose repositories are meant. Secrets are the
// engine's to keep: it marks what a program gave as a secret wherever it comes back.
func (s *Server) Configure(ctx context.Context, req *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	settings, err := read(req.GetArgs())
	if err != nil {
		return nil, err
	}
	if err := s.api.configure(ctx, settings); err != nil {
		return nil, err
	}
	return &pulumirpc.ConfigureResponse{SupportsPreview: true}, nil
}

// Handshake connects to the engine that started the plugin.
func (s *Server) Handshake(
	_ context.Context, req *pulumirpc.ProviderHandshakeRequest,
) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{}, s.engine.Connect(req.GetEngineAddress())
}

// Attach connects to an engine that found the plugin running.
func (s *Server) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.engine.Connect(req.GetAddress())
}

// GetPluginInfo tells the plugin's version.
func (s *Server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: Version}, nil
}

// Cancel ends what runs.
func (s *Server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	s.cancel()
	return &emptypb.Empty{}, nil
}

// operation finds the kind of a resource, and a context for what is done with it.
//
// It ends when it has taken its time, the resource's custom timeout in seconds, or else that of Terraform's SDK, on which
// the genuine plugin is built.
func (s *Server) operation(ctx context.Context, urn string, seconds float64) (context.Context, context.CancelFunc, kind, error) {
	token := resource.URN(urn).Type()
	k, ok := s.kinds[token]
	if !ok {
		return ctx, func() {}, kind{}, serve.Unimplemented("github", "resource "+string(token))
	}
	limit := 20 * time.Minute
	if seconds > 0 {
		limit = time.Duration(seconds * float64(time.Second))
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	stop := context.AfterFunc(s.ended, cancel)
	return ctx, func() { stop(); cancel() }, k, nil
}

func read(properties *structpb.Struct) (resource.PropertyMap, error) {
	values, err := plugin.UnmarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true})
	if err != nil {
		return nil, fmt.Errorf("github: %w", err)
	}
	return values, nil
}

func readBoth(a, b *structpb.Struct) (resource.PropertyMap, resource.PropertyMap, error) {
	first, err := read(a)
	if err != nil {
		return nil, nil, err
	}
	second, err := read(b)
	return first, second, err
}

func write(properties resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true})
}

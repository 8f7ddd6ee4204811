// Package kubernetes is a stand-in for the Pulumi provider plugin "kubernetes" v4.30.0: any object of any API, and
// Helm's releases, by the same tokens, with the same names, diffs, previews and waiting, for machines to which the
// genuine plugin cannot be downloaded.
package kubernetes

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// Version is the version of the genuine plugin that this one stands in for.
const Version = "4.30.0"

// Server is the plugin's gRPC service. The engine configures it once, before anything else.
type Server struct {
	pulumirpc.UnimplementedResourceProviderServer

	engine *serve.Engine
	// ended is the context of every wait; Cancel ends it.
	ended  context.Context
	cancel context.CancelFunc

	settings settings
	cluster  *cluster
	// unreachable is why the cluster could not be reached when the provider was configured; "" when it could.
	unreachable string
}

// New makes the service; its operations end with the context.
func New(ctx context.Context, engine *serve.Engine) *Server {
	ctx, cancel := context.WithCancel(ctx)
	return &Server{engine: engine, ended: ctx, cancel: cancel, cluster: &cluster{}}
}

// Plugin is the plugin as a process serves it.
func Plugin() serve.Plugin {
	return serve.Plugin{
		Name: "kubernetes",
		Register: func(ctx context.Context, server *grpc.Server, engine *serve.Engine) {
			pulumirpc.RegisterResourceProviderServer(server, New(ctx, engine))
		},
	}
}

// Handshake connects to the engine that started the plugin.
func (s *Server) Handshake(
	_ context.Context, req *pulumirpc.ProviderHandshakeRequest,
) (*pulumirpc.ProviderHandshakeResponse, error) {
	if err := s.engine.Connect(req.GetEngineAddress()); err != nil {
		return nil, err
	}
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true, SupportsAutonamingConfiguration: true}, nil
}

// Attach connects to an engine that found the plugin running.
func (s *Server) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.engine.Connect(req.GetAddress())
}

// GetPluginInfo tells the plugin's version.
func (s *Server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: Version}, nil
}

// Cancel ends what runs: a wait for readiness stops, and its resource is kept as not initialized.
func (s *Server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	s.cancel()
	return &emptypb.Empty{}, nil
}

// Invoke has no function yet: the genuine ones render YAML, Kustomize and Helm.
func (s *Server) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	return nil, serve.Unimplemented("kubernetes", "function "+req.GetTok())
}

// operation is a request's context that also ends when the engine cancels the plugin.
func (s *Server) operation(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.ended, cancel)
	return ctx, func() { stop(); cancel() }
}

func (s *Server) warn(ctx context.Context, urn, format string, args ...any) {
	s.engine.Log(ctx, pulumirpc.LogSeverity_WARNING, urn, fmt.Sprintf(format, args...))
}

// read takes properties off the wire with their secrets and unknowns.
func read(label string, properties *structpb.Struct) (resource.PropertyMap, error) {
	values, err := plugin.UnmarshalProperties(properties,
		plugin.MarshalOptions{Label: label, KeepUnknowns: true, KeepSecrets: true})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", label, err)
	}
	return values, nil
}

// write puts properties on the wire, secrets as secrets if the engine takes them.
func (s *Server) write(label string, properties resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(properties,
		plugin.MarshalOptions{Label: label, KeepUnknowns: true, KeepSecrets: s.settings.acceptSecrets})
}

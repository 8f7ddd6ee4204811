// Package onepassword is a stand-in for the Pulumi provider plugin "onepassword" v1.1.4: the same tokens, inputs and
// outputs, for machines to which the genuine plugin cannot be downloaded. It reaches Connect servers through the
// client that the genuine plugin uses. Of 1Password's accounts and of items other than secure notes it says that it
// does not play them.
package onepassword

import (
	"context"
	"fmt"
	"sync"

	"github.com/1Password/connect-sdk-go/connect"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/home-ops/home-ops/internal/onepassword"
	"github.com/home-ops/home-ops/rack/plugin/serve"
)

const (
	name     = "onepassword"
	itemType = "onepassword:index/item:Item"
)

// Server is the plugin's gRPC service.
type Server struct {
	pulumirpc.UnimplementedResourceProviderServer

	engine *serve.Engine
	// ended ends what waits for an answer that does not come; Cancel ends it.
	ended  context.Context
	cancel context.CancelFunc

	mu     sync.Mutex
	client connect.Client
}

// New makes the service; its operations end with the context.
func New(ctx context.Context, engine *serve.Engine) *Server {
	ctx, cancel := context.WithCancel(ctx)
	return &Server{engine: engine, ended: ctx, cancel: cancel}
}

// Plugin is the plugin as a process serves it.
func Plugin() serve.Plugin {
	return serve.Plugin{
		Name: name,
		Register: func(ctx context.Context, server *grpc.Server, engine *serve.Engine) {
			pulumirpc.RegisterResourceProviderServer(server, New(ctx, engine))
		},
	}
}

// Handshake connects to the engine that started the plugin.
func (s *Server) Handshake(
	_ context.Context, req *pulumirpc.ProviderHandshakeRequest,
) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true, AcceptResources: true}, s.engine.Connect(req.GetEngineAddress())
}

// Attach connects to an engine that found the plugin running.
func (s *Server) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, s.engine.Connect(req.GetAddress())
}

// GetPluginInfo tells the plugin's version.
func (s *Server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: onepassword.Version}, nil
}

// Cancel ends what runs.
func (s *Server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	s.cancel()
	return &emptypb.Empty{}, nil
}

// ask runs one call of the client, which knows no context, for as long as anybody waits for it.
func ask[T any](ctx context.Context, s *Server, call func(connect.Client) (T, error)) (T, error) {
	s.mu.Lock()
	client := s.client
	s.mu.Unlock()
	var none T
	if client == nil {
		return none, fmt.Errorf("the provider is not configured")
	}
	type answer struct {
		value T
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		value, err := call(client)
		answered <- answer{value, err}
	}()
	select {
	case a := <-answered:
		return a.value, a.err
	case <-ctx.Done():
		return none, ctx.Err()
	case <-s.ended.Done():
		return none, context.Canceled
	}
}

// read takes properties off the wire as plain values: what is secret follows from the schema.
func read(label string, properties *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(properties, plugin.MarshalOptions{Label: label, KeepUnknowns: true})
}

func write(label string, properties resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(properties, plugin.MarshalOptions{Label: label, KeepUnknowns: true, KeepSecrets: true})
}

// failed is an error in the genuine plugin's words, which begin with a capital.
func failed(format string, args ...any) error { return fmt.Errorf(format, args...) }

// textAt is the string under a key, or "".
func textAt(m resource.PropertyMap, key resource.PropertyKey) string {
	if v := m[key]; v.IsString() {
		return v.StringValue()
	}
	return ""
}

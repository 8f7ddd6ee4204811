// Package talos is a stand-in for the Pulumi provider plugin "talos" v0.7.1: the same tokens, inputs, plans and
// calls to the nodes, for machines to which the genuine plugin cannot be downloaded.
package talos

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// Version is the version of the genuine plugin that this one stands in for.
const Version = "0.7.1"

// Server is the plugin's gRPC service.
type Server struct {
	pulumirpc.UnimplementedResourceProviderServer

	engine *serve.Engine
	// ended is the context of everything that outlives one request's own; Cancel ends it.
	ended     context.Context
	cancel    context.CancelFunc
	factory   *imageFactory
	resources map[tokens.Type]resourceType
	functions map[tokens.ModuleMember]function
}

// New makes the service; its operations end with the context.
func New(ctx context.Context, engine *serve.Engine) *Server {
	ctx, cancel := context.WithCancel(ctx)
	factory := &imageFactory{}
	return &Server{
		engine: engine, ended: ctx, cancel: cancel,
		factory: factory, resources: resourceTypes(factory), functions: functions(),
	}
}

// Plugin is the plugin as a process serves it.
func Plugin() serve.Plugin {
	return serve.Plugin{
		Name: "talos",
		Register: func(ctx context.Context, server *grpc.Server, engine *serve.Engine) {
			pulumirpc.RegisterResourceProviderServer(server, New(ctx, engine))
		},
	}
}

// resourceType finds the kind of a resource by its URN.
func (s *Server) resourceType(urn string) (resourceType, error) {
	token := resource.URN(urn).Type()
	if kind, ok := s.resources[token]; ok {
		return kind, nil
	}
	return resourceType{}, serve.Unimplemented("talos", "resource "+string(token))
}

// operation is a request's context that also ends when the engine cancels the plugin.
func (s *Server) operation(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.ended, cancel)
	return ctx, func() { stop(); cancel() }
}

// read takes properties off the wire as plain values: what is secret follows from the schema alone, as it does in
// the genuine provider.
func read(label string, properties *structpb.Struct) (resource.PropertyMap, error) {
	values, err := plugin.UnmarshalProperties(properties, plugin.MarshalOptions{Label: label, KeepUnknowns: true})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", label, err)
	}
	return values, nil
}

// write puts properties on the wire, with what the schema calls sensitive as secrets.
func write(label string, attributes shape, properties resource.PropertyMap) (*structpb.Struct, error) {
	marked := attributes.markSecrets(resource.NewObjectProperty(properties)).ObjectValue()
	return plugin.MarshalProperties(marked, plugin.MarshalOptions{Label: label, KeepUnknowns: true, KeepSecrets: true})
}

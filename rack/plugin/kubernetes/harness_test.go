package kubernetes

import (
	"context"
	"net"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// message is the text of an error without gRPC's own words.
func message(err error) string { return status.Convert(err).Message() }

// provider is the plugin as the engine speaks to it.
type provider struct {
	pulumirpc.ResourceProviderClient
	t *testing.T
}

// startProvider configures a plugin for the API server at a URL.
func startProvider(t *testing.T, server string, settings map[string]string) provider {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	grpcServer := grpc.NewServer()
	pulumirpc.RegisterResourceProviderServer(grpcServer, New(context.Background(), &serve.Engine{}))
	go func() { _ = grpcServer.Serve(listener) }()
	t.Cleanup(grpcServer.Stop)

	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	p := provider{pulumirpc.NewResourceProviderClient(conn), t}

	variables := map[string]string{"kubernetes:config:kubeconfig": kubeconfigFor(t, server, "token").StringValue()}
	for name, value := range settings {
		variables["kubernetes:config:"+name] = value
	}
	if _, err := p.Configure(t.Context(), &pulumirpc.ConfigureRequest{Variables: variables, AcceptSecrets: true}); err != nil {
		t.Fatal(err)
	}
	return p
}

func urn(token, name string) string { return "urn:pulumi:dev::test::" + token + "::" + name }

func (p provider) wire(properties resource.PropertyMap) *structpb.Struct {
	p.t.Helper()
	marshaled, err := plugin.MarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	if err != nil {
		p.t.Fatal(err)
	}
	return marshaled
}

func (p provider) properties(marshaled *structpb.Struct) resource.PropertyMap {
	p.t.Helper()
	properties, err := plugin.UnmarshalProperties(marshaled, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
	if err != nil {
		p.t.Fatal(err)
	}
	return properties
}

// checked are the inputs of a resource after the plugin's Check.
func (p provider) checked(token, name string, olds, inputs resource.PropertyMap) resource.PropertyMap {
	p.t.Helper()
	request := &pulumirpc.CheckRequest{Urn: urn(token, name), News: p.wire(inputs), RandomSeed: []byte("seed of thirty-two bytes length..")}
	if olds != nil {
		request.Olds = p.wire(olds)
	}
	response, err := p.Check(p.t.Context(), request)
	if err != nil {
		p.t.Fatal(err)
	}
	if failures := response.GetFailures(); len(failures) > 0 {
		p.t.Fatal(failures)
	}
	return p.properties(response.GetInputs())
}

// made is a resource after its creation.
type made struct {
	token, name, id string
	state           resource.PropertyMap
}

func (p provider) create(token, name string, inputs resource.PropertyMap) made {
	p.t.Helper()
	response, err := p.Create(p.t.Context(), &pulumirpc.CreateRequest{
		Urn: urn(token, name), Properties: p.wire(p.checked(token, name, nil, inputs)),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return made{token, name, response.GetId(), p.properties(response.GetProperties())}
}

func (p provider) diff(m made, inputs resource.PropertyMap) *pulumirpc.DiffResponse {
	p.t.Helper()
	old := m.state[inputsKey].ObjectValue()
	response, err := p.Diff(p.t.Context(), &pulumirpc.DiffRequest{
		Urn: urn(m.token, m.name), Id: m.id, Olds: p.wire(m.state), News: p.wire(p.checked(m.token, m.name, old, inputs)),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return response
}

// inputs of an object; name "" leaves the name to the plugin.
func inputs(apiVersion, kind, name string, more fields) resource.PropertyMap {
	object := fields{"apiVersion": apiVersion, "kind": kind, "metadata": fields{}}
	if name != "" {
		object["metadata"] = fields{"name": name}
	}
	for key, value := range more {
		object[key] = value
	}
	return resource.NewPropertyMapFromMap(object)
}

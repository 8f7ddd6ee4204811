package github_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	fake "github.com/home-ops/home-ops/rack/github"
	"github.com/home-ops/home-ops/rack/plugin/github"
	"github.com/home-ops/home-ops/rack/plugin/serve"
)

const (
	keyType     = "github:index/repositoryDeployKey:RepositoryDeployKey"
	hookType    = "github:index/repositoryWebhook:RepositoryWebhook"
	rulesetType = "github:index/repositoryRuleset:RepositoryRuleset"

	token = "ghp_admin"
	repo  = "home-ops/home-ops"
)

// inputs are those that the program gives.
var inputs = map[string]map[string]any{
	keyType: {
		"repository": "home-ops", "title": "flux home", "readOnly": true,
		"key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
	},
	hookType: {
		"repository": "home-ops", "events": []any{"push"}, "active": true,
		"configuration": map[string]any{
			"url": "https://hook.example.com/hook/x", "contentType": "json", "secret": "s3cret", "insecureSsl": false,
		},
	},
	rulesetType: {
		"repository": "home-ops", "name": "main", "target": "branch", "enforcement": "active",
		"conditions": map[string]any{"refName": map[string]any{"includes": []any{"refs/heads/main"}, "excludes": []any{}}},
		"rules": map[string]any{
			"deletion": true, "nonFastForward": true,
			"pullRequest": map[string]any{
				"requiredApprovingReviewCount": 0., "allowedMergeMethods": []any{"merge", "squash", "rebase"},
			},
			"requiredStatusChecks": map[string]any{"requiredChecks": []any{map[string]any{"context": "preview"}}},
		},
	},
}

// provider is the plugin as the engine speaks to it, with the GitHub that it works at.
type provider struct {
	pulumirpc.ResourceProviderClient
	*fake.Server
	t *testing.T
}

func start(t *testing.T) provider {
	t.Helper()
	gh := fake.New(fake.Options{
		Tokens:       map[string]fake.Access{token: fake.Administer},
		Repositories: []fake.Repository{{Owner: "home-ops", Name: "home-ops"}, {Owner: "home-ops", Name: "old", Archived: true}},
	})
	api := httptest.NewServer(gh)
	t.Cleanup(api.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pulumirpc.RegisterResourceProviderServer(server, github.New(context.Background(), &serve.Engine{}))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	p := provider{pulumirpc.NewResourceProviderClient(conn), gh, t}
	settings := map[string]any{"owner": "home-ops", "token": token, "baseUrl": api.URL}
	if _, err := p.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: p.wire(settings)}); err != nil {
		t.Fatal(err)
	}
	return p
}

func urn(kind string) string { return "urn:pulumi:dev::test::" + kind + "::it" }

func (p provider) wire(values map[string]any) *structpb.Struct {
	p.t.Helper()
	out, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(values), plugin.MarshalOptions{KeepUnknowns: true})
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

func (p provider) values(wire *structpb.Struct) map[string]any {
	p.t.Helper()
	out, err := plugin.UnmarshalProperties(wire, plugin.MarshalOptions{KeepUnknowns: true})
	if err != nil {
		p.t.Fatal(err)
	}
	return out.Mappable()
}

// create makes a resource with the program's inputs.
func (p provider) create(kind string) (id string, state map[string]any, err error) {
	p.t.Helper()
	made, err := p.Create(p.t.Context(), &pulumirpc.CreateRequest{Urn: urn(kind), Properties: p.wire(inputs[kind])})
	if err != nil {
		return "", nil, err
	}
	return made.GetId(), p.values(made.GetProperties()), nil
}

// things counts what GitHub has.
func (p provider) things() int {
	return len(p.DeployKeys(repo)) + len(p.Hooks(repo)) + len(p.Rulesets(repo))
}

// changes counts the calls that would change something.
func (p provider) changes() int {
	n := 0
	for _, call := range p.Calls() {
		if call.Method != http.MethodGet {
			n++
		}
	}
	return n
}

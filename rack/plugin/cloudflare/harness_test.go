package cloudflare_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	fake "github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/rack/plugin/cloudflare"
	"github.com/home-ops/home-ops/rack/plugin/serve"
)

const (
	tunnelType   = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared"
	configType   = "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig"
	recordType   = "cloudflare:index/record:Record"
	tokenType    = "cloudflare:index/apiToken:ApiToken"
	settingsType = "cloudflare:index/zoneSettingsOverride:ZoneSettingsOverride"

	admin   = "admin-token-0123456789-0123456789-012345"
	account = "0123456789abcdef0123456789abcdef"
	zone    = "fedcba9876543210fedcba9876543210"
)

// inputs are those that the program gives.
func inputs(kind string) map[string]any {
	return map[string]map[string]any{
		tunnelType: {
			"accountId": account, "name": "home", "configSrc": "cloudflare",
			"secret": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
		},
		recordType: {
			"zoneId": zone, "name": "external.example.com", "type": "CNAME", "content": "x.cfargotunnel.com",
			"proxied": true, "ttl": 1., "comment": "The external gateway",
		},
		tokenType: {"name": "dns", "policies": []any{map[string]any{
			"effect": "allow", "permissionGroups": []any{"c8fed203ed3043cba015a93ad1616f1f", "4755a26eedb94da69e1066d98aa820be"},
			"resources": map[string]any{"com.cloudflare.api.account.zone." + zone: "*"},
		}}},
		settingsType: {"zoneId": zone, "settings": map[string]any{
			"alwaysUseHttps": "on", "minTlsVersion": "1.2", "ssl": "strict",
			"securityHeader": map[string]any{
				"enabled": true, "includeSubdomains": true, "maxAge": 15552000., "nosniff": true, "preload": false,
			},
		}},
	}[kind]
}

// config is a tunnel's configuration as the program gives it.
func config(tunnel string) map[string]any {
	return map[string]any{"accountId": account, "tunnelId": tunnel, "config": map[string]any{"ingressRules": []any{
		map[string]any{"hostname": "*.example.com", "service": "https://gateway:443", "originRequest": map[string]any{
			"originServerName": "external.example.com", "http2Origin": true,
		}},
		map[string]any{"service": "http_status:404"},
	}}}
}

// provider is the plugin as the engine speaks to it, with the Cloudflare that it works at.
type provider struct {
	pulumirpc.ResourceProviderClient
	*fake.Server
	t *testing.T
}

func start(t *testing.T) provider {
	t.Helper()
	cf := fake.New(fake.Options{
		Tokens: []string{admin}, Zones: []fake.Zone{{ID: zone, Name: "example.com", Account: account}},
	})
	web := httptest.NewTLSServer(cf)
	t.Cleanup(web.Close)
	// As in the rack, where everybody trusts the authority of the fakes.
	http.DefaultTransport.(*http.Transport).TLSClientConfig = web.Client().Transport.(*http.Transport).TLSClientConfig
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	cloudflare.Plugin().Register(t.Context(), server, &serve.Engine{})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	p := provider{pulumirpc.NewResourceProviderClient(conn), cf, t}
	settings := map[string]any{
		"apiToken": admin, "apiHostname": strings.TrimPrefix(web.URL, "https://"), "minBackoff": "0", "retries": "2",
	}
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

// thing is a resource that was made.
type thing struct {
	kind, id      string
	inputs, state map[string]any
}

// create checks inputs and makes a resource with them.
func (p provider) create(kind string, in map[string]any) (thing, error) {
	p.t.Helper()
	checked, err := p.Check(p.t.Context(), &pulumirpc.CheckRequest{Urn: urn(kind), News: p.wire(in)})
	if err != nil || len(checked.GetFailures()) > 0 {
		p.t.Fatalf("check: %v %v", checked.GetFailures(), err)
	}
	made, err := p.Create(p.t.Context(), &pulumirpc.CreateRequest{Urn: urn(kind), Properties: checked.GetInputs()})
	if err != nil {
		return thing{}, err
	}
	return thing{kind, made.GetId(), p.values(checked.GetInputs()), p.values(made.GetProperties())}, nil
}

func (p provider) must(kind string, in map[string]any) thing {
	p.t.Helper()
	made, err := p.create(kind, in)
	if err != nil {
		p.t.Fatal(err)
	}
	return made
}

// refresh reads a resource and returns the changes that an update would then make.
func (p provider) refresh(it thing) (gone bool, changes []string) {
	p.t.Helper()
	now, err := p.Read(p.t.Context(), &pulumirpc.ReadRequest{
		Id: it.id, Urn: urn(it.kind), Properties: p.wire(it.state), Inputs: p.wire(it.inputs),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	if now.GetId() == "" {
		return true, nil
	}
	return false, p.diff(it, p.values(now.GetInputs()), it.inputs).GetDiffs()
}

func (p provider) diff(it thing, olds, news map[string]any) *pulumirpc.DiffResponse {
	p.t.Helper()
	diff, err := p.Diff(p.t.Context(), &pulumirpc.DiffRequest{
		Id: it.id, Urn: urn(it.kind), Olds: p.wire(it.state), OldInputs: p.wire(olds), News: p.wire(news),
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return diff
}

func (p provider) delete(it thing) error {
	_, err := p.ResourceProviderClient.Delete(p.t.Context(), &pulumirpc.DeleteRequest{Id: it.id, Urn: urn(it.kind), Properties: p.wire(it.state)})
	return err
}

package cloudflare_test

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"

	fake "github.com/home-ops/home-ops/rack/cloudflare"
)

func TestResources_AreMadeFoundAndDeleted(t *testing.T) {
	p := start(t)
	tunnel := p.must(tunnelType, inputs(tunnelType))
	made := []thing{
		tunnel, p.must(configType, config(tunnel.id)), p.must(recordType, inputs(recordType)),
		p.must(tokenType, inputs(tokenType)), p.must(settingsType, inputs(settingsType)),
	}
	if tunnel.state["cname"] != tunnel.id+".cfargotunnel.com" || made[1].id != tunnel.id || made[4].id != zone {
		t.Errorf("tunnel %v, configuration %s, settings %s", tunnel.state["cname"], made[1].id, made[4].id)
	}
	if _, err := p.Connect(tunnel.state["tunnelToken"].(string)); err != nil {
		t.Errorf("the tunnel's token: %v", err)
	}
	if p.Tokens()[0].Value != made[3].state["value"] {
		t.Error("the API token's value is another")
	}
	if ssl := p.Settings("example.com")["ssl"]; ssl != "strict" {
		t.Errorf("ssl is %v", ssl)
	}
	for _, it := range made {
		if gone, changes := p.refresh(it); gone || len(changes) > 0 {
			t.Errorf("%s: gone %v, changes %v", it.kind, gone, changes)
		}
	}
	slices.Reverse(made)
	for _, it := range made {
		if err := p.delete(it); err != nil {
			t.Errorf("%s: %v", it.kind, err)
		}
	}
	if _, ok := p.Tunnel("home"); ok || len(p.Records("example.com"))+len(p.Tokens()) > 0 {
		t.Error("something is left")
	}
	if ssl := p.Settings("example.com")["ssl"]; ssl != "full" {
		t.Errorf("ssl stays %v", ssl)
	}
}

func TestOutputs_AreSecretWhoeverGaveThem(t *testing.T) {
	p := start(t)
	for kind, keys := range map[string][]string{tunnelType: {"secret", "tunnelToken"}, tokenType: {"value"}} {
		made, err := p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(kind), Properties: p.wire(inputs(kind))})
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if made.GetProperties().GetFields()[key].GetStructValue().GetFields()[resource.SigKey].GetStringValue() != resource.SecretSig {
				t.Errorf("%s of %s is no secret", key, kind)
			}
		}
	}
}

func TestConfiguration_LeadsWhereItSays(t *testing.T) {
	p := start(t)
	tunnel := p.must(tunnelType, inputs(tunnelType))
	p.must(configType, config(tunnel.id))
	in := inputs(recordType)
	in["content"] = tunnel.state["cname"]
	p.must(recordType, in)
	got, err := p.Route("external.example.com", "/")
	want := fake.Origin{ServerName: "external.example.com", HTTP2: true}
	if err != nil || got.Service != "https://gateway:443" || got.Origin != want {
		t.Errorf("it leads to %+v: %v", got, err)
	}
}

func TestDiff_ReplacesWhatCannotChange(t *testing.T) {
	p := start(t)
	for _, test := range []struct {
		kind, key string
		value     any
		replaces  bool
	}{
		{tunnelType, "name", "other", true},
		{tunnelType, "secret", "b3RoZXI=", true},
		{recordType, "name", "other.example.com", true},
		{recordType, "content", "other.example.com", false},
		{tokenType, "name", "other", false},
		{settingsType, "zoneId", "other", true},
		{settingsType, "settings", map[string]any{"ssl": "full"}, false},
	} {
		news := maps.Clone(inputs(test.kind))
		news[test.key] = test.value
		diff := p.diff(thing{kind: test.kind}, inputs(test.kind), news)
		if !slices.Equal(diff.GetDiffs(), []string{test.key}) || (len(diff.GetReplaces()) > 0) != test.replaces ||
			diff.GetDeleteBeforeReplace() != (test.replaces && test.kind == recordType) {
			t.Errorf("%s %s: %v", test.kind, test.key, diff)
		}
	}
}

func TestRefresh_ShowsWhatOthersDid(t *testing.T) {
	p := start(t)
	record, token := p.must(recordType, inputs(recordType)), p.must(tokenType, inputs(tokenType))
	if _, err := p.Update(t.Context(), &pulumirpc.UpdateRequest{
		Id: record.id, Urn: urn(recordType), Olds: p.wire(record.state),
		News: p.wire(map[string]any{
			"zoneId": zone, "name": "external.example.com", "type": "CNAME", "content": "by-hand.example.net", "proxied": false,
		}),
	}); err != nil {
		t.Fatal(err)
	}
	if gone, changes := p.refresh(record); gone || !reflect.DeepEqual(changes, []string{"content", "proxied"}) {
		t.Errorf("gone %v, changes %v", gone, changes)
	}
	p.Server.Delete("example.com", "external.example.com", "CNAME")
	if gone, _ := p.refresh(record); !gone {
		t.Error("the deleted record is there")
	}
	p.Revoke(token.state["value"].(string))
	if gone, _ := p.refresh(token); !gone {
		t.Error("the revoked token is there")
	}
}

func TestCreate_AfterALostAnswerIsAsTheGenuineOne(t *testing.T) {
	p := start(t)
	for kind, want := range map[string]string{
		tunnelType: "failed to create Argo Tunnel: You already have a tunnel with this name (1013)",
		recordType: "expected DNS record to not already be present but already exists",
		tokenType:  "", // a second one is made
	} {
		p.Fail(fake.Fault{Trouble: fake.LostAnswer, Method: http.MethodPost})
		_, err := p.create(kind, inputs(kind))
		if status.Convert(err).Message() != want {
			t.Errorf("%s: %v", kind, err)
		}
	}
	if len(p.Tokens()) != 2 {
		t.Errorf("there are %d tokens", len(p.Tokens()))
	}
}

func TestCreate_EndsWithItsCustomTimeoutWhereNobodyAnswers(t *testing.T) {
	p := start(t)
	p.Fail(fake.Fault{Trouble: fake.Hang, Method: http.MethodPost, Times: 10})
	_, err := p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(recordType), Properties: p.wire(inputs(recordType)), Timeout: 0.1})
	if message := status.Convert(err).Message(); !strings.Contains(message, "context deadline exceeded") {
		t.Errorf("error %v", err)
	}
	if calls := len(p.Calls()); calls != 1 {
		t.Errorf("%d calls: there is no limit but the operation's", calls)
	}
}

func TestConfigure_TakesWhatTheShellHasAsTheGenuineOneDoes(t *testing.T) {
	p := start(t)
	t.Setenv("CLOUDFLARE_API_KEY", "0123456789abcdef0123456789abcdef01234")
	_, err := p.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: p.wire(map[string]any{"apiToken": admin})})
	if want := `"api_key": conflicts with api_token`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestCreate_ThatCannotBeFinishedIsKept(t *testing.T) {
	p := start(t)
	p.Fail(fake.Fault{Trouble: fake.ServerError, Method: http.MethodGet, Path: "/cfd_tunnel/", Times: 3})
	_, err := p.create(tunnelType, inputs(tunnelType))
	details := status.Convert(err).Details()
	if len(details) != 1 {
		t.Fatalf("error is %v", err)
	}
	half := details[0].(*pulumirpc.ErrorResourceInitFailed)
	tunnel, _ := p.Tunnel("home")
	if half.GetId() != tunnel.ID {
		t.Errorf("it kept %q", half.GetId())
	}
	done, err := p.Update(t.Context(), &pulumirpc.UpdateRequest{
		Id: half.GetId(), Urn: urn(tunnelType), Olds: half.GetProperties(), News: half.GetInputs(),
	})
	if err != nil || p.values(done.GetProperties())["cname"] != tunnel.ID+".cfargotunnel.com" {
		t.Errorf("the next run makes it %v: %v", done, err)
	}
}

func TestPreview_CallsNobodyButForLookups(t *testing.T) {
	p := start(t)
	for _, kind := range []string{tunnelType, recordType, tokenType, settingsType} {
		if _, err := p.Create(t.Context(), &pulumirpc.CreateRequest{
			Urn: urn(kind), Properties: p.wire(inputs(kind)), Preview: true,
		}); err != nil {
			t.Error(err)
		}
	}
	if calls := p.Calls(); len(calls) > 0 {
		t.Errorf("calls: %v", calls)
	}
	found, err := p.Invoke(t.Context(), &pulumirpc.InvokeRequest{
		Tok: "cloudflare:index/getZone:getZone", Args: p.wire(map[string]any{"accountId": account, "name": "example.com"}),
	})
	if err != nil || p.values(found.GetReturn())["id"] != zone {
		t.Errorf("found %v: %v", found, err)
	}
	_, err = p.Invoke(t.Context(), &pulumirpc.InvokeRequest{
		Tok: "cloudflare:index/getZone:getZone", Args: p.wire(map[string]any{"name": "example.net"}),
	})
	if want := "invoking cloudflare:index/getZone:getZone: no zone found"; status.Convert(err).Message() != want {
		t.Errorf("error is %v", err)
	}
}

func TestPlugin_NamesWhatItDoesNotPlay(t *testing.T) {
	p := start(t)
	_, err := p.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn("cloudflare:index/ruleset:Ruleset"), News: p.wire(nil)})
	want := "stand-in cloudflare plugin does not implement resource cloudflare:index/ruleset:Ruleset; " +
		"use the genuine plugin (make rehearse PLUGINS=DIR)"
	if status.Convert(err).Message() != want {
		t.Errorf("error is %v", err)
	}
	in := config("x")
	in["config"].(map[string]any)["originRequest"] = map[string]any{"access": map[string]any{"required": true}}
	_, err = p.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn(configType), News: p.wire(in)})
	want = "stand-in cloudflare plugin does not implement originRequest.access of a tunnel's configuration; " +
		"use the genuine plugin (make rehearse PLUGINS=DIR)"
	if status.Convert(err).Message() != want {
		t.Errorf("error is %v", err)
	}
	_, err = p.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: p.wire(map[string]any{"apiToken": "short"})})
	if err == nil {
		t.Error("a short token is taken")
	}
}

package onepassword_test

import (
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"

	connect "github.com/home-ops/home-ops/rack/onepassword"
	"github.com/home-ops/home-ops/rack/plugin/onepassword"
	"github.com/home-ops/home-ops/rack/plugin/serve"
)

const (
	token = "a-token"
	urn   = "urn:pulumi:lab::home-ops::onepassword:index/item:Item::it"
)

// provider is the plugin, configured for a Connect server.
type provider struct {
	*onepassword.Server
	t *testing.T
}

func start(t *testing.T) (provider, *connect.Server, *httptest.Server) {
	t.Helper()
	server := connect.New(token)
	http := httptest.NewServer(server)
	t.Cleanup(http.Close)
	p := provider{onepassword.New(t.Context(), &serve.Engine{}), t}
	if err := p.configure(map[string]any{"url": http.URL, "token": token}); err != nil {
		t.Fatal(err)
	}
	return p, server, http
}

func (p provider) configure(settings map[string]any) error {
	_, err := p.Configure(p.t.Context(), &pulumirpc.ConfigureRequest{Args: p.wire(resource.NewPropertyMapFromMap(settings))})
	return err
}

var wire = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true}

func (p provider) wire(m resource.PropertyMap) *structpb.Struct {
	p.t.Helper()
	s, err := plugin.MarshalProperties(m, wire)
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p provider) properties(s *structpb.Struct) resource.PropertyMap {
	p.t.Helper()
	m, err := plugin.UnmarshalProperties(s, wire)
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

func (p provider) invoke(function string, args map[string]any) (resource.PropertyMap, error) {
	p.t.Helper()
	response, err := p.Invoke(p.t.Context(), &pulumirpc.InvokeRequest{
		Tok: "onepassword:index/" + function + ":" + function, Args: p.wire(resource.NewPropertyMapFromMap(args)),
	})
	if err != nil {
		return nil, err
	}
	if len(response.GetFailures()) > 0 {
		p.t.Fatal(response.GetFailures())
	}
	return p.properties(response.GetReturn()), nil
}

// note is the inputs of a note with one secret.
func note(vault, value string) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(map[string]any{
		"vault": vault, "category": "secure_note", "title": "break-glass",
		"sections": []any{map[string]any{"label": "keys", "fields": []any{
			map[string]any{"label": "kubeconfig", "type": "CONCEALED", "value": value},
		}}},
	})
}

func TestInvoke_FindsVaultAndItem(t *testing.T) {
	p, server, _ := start(t)
	server.Put("lab", "bgp", "password", "four")
	server.Put("lab", "bgp", "v6/password", "six")
	vault, err := p.invoke("getVault", map[string]any{"name": "lab"})
	if err != nil || vault["uuid"].StringValue() != server.AddVault("lab") || vault["name"].StringValue() != "lab" {
		t.Fatalf("%v, %v", vault, err)
	}
	item, err := p.invoke("getItem", map[string]any{"vault": vault["uuid"].StringValue(), "title": "bgp"})
	if err != nil {
		t.Fatal(err)
	}
	section := item["sections"].ArrayValue()[1].ObjectValue()
	field := section["fields"].ArrayValue()[0].ObjectValue()
	if section["label"].StringValue() != "v6" || field["label"].StringValue() != "password" {
		t.Errorf("section %v", section)
	}
	if v := field["value"]; !v.IsSecret() || v.SecretValue().Element.StringValue() != "six" {
		t.Errorf("value %v", v)
	}
	if item["category"].StringValue() != "secure_note" || len(item["uuid"].StringValue()) != 26 {
		t.Errorf("item %v", item)
	}
}

func TestItem_LivesInTheVault(t *testing.T) {
	p, server, _ := start(t)
	vault := server.AddVault("lab")
	ctx := t.Context()
	checked, err := p.Check(ctx, &pulumirpc.CheckRequest{Urn: urn, News: p.wire(note(vault, "one"))})
	if err != nil || len(checked.GetFailures()) > 0 {
		t.Fatal(err, checked)
	}
	preview, err := p.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: checked.GetInputs(), Preview: true})
	if err != nil || !p.properties(preview.GetProperties())["uuid"].IsComputed() || len(server.Calls()) > 0 {
		t.Fatalf("preview %v, %v, asked %v", preview, err, server.Calls())
	}
	created, err := p.Create(ctx, &pulumirpc.CreateRequest{Urn: urn, Properties: checked.GetInputs()})
	if err != nil {
		t.Fatal(err)
	}
	state := p.properties(created.GetProperties())
	if want := "vaults/" + vault + "/items/" + state["uuid"].StringValue(); created.GetId() != want {
		t.Errorf("id %s, want %s", created.GetId(), want)
	}
	if found := plain(resource.NewProperty(state), "one"); found {
		t.Errorf("the state tells the secret: %v", state)
	}
	diff := func(olds *structpb.Struct, news resource.PropertyMap) *pulumirpc.DiffResponse {
		t.Helper()
		d, err := p.Diff(ctx, &pulumirpc.DiffRequest{Urn: urn, Olds: olds, News: p.wire(news)})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if d := diff(created.GetProperties(), note(vault, "one")); d.GetChanges() != pulumirpc.DiffResponse_DIFF_NONE {
		t.Errorf("again: %v", d)
	}
	if d := diff(created.GetProperties(), note(vault, "two")); strings.Join(d.GetDiffs(), " ") != "sections" || len(d.GetReplaces()) > 0 {
		t.Errorf("another value: %v", d)
	}
	if d := diff(created.GetProperties(), note("othervaultothervaultotherv", "one")); strings.Join(d.GetReplaces(), " ") != "vault" {
		t.Errorf("another vault: %v", d)
	}

	before := server.Items("lab")[0]
	updated, err := p.Update(ctx, &pulumirpc.UpdateRequest{Urn: urn, Id: created.GetId(), Olds: created.GetProperties(), News: p.wire(note(vault, "two"))})
	if err != nil {
		t.Fatal(err)
	}
	after := server.Items("lab")
	if len(after) != 1 || after[0].ID != before.ID || after[0].Fields[1].ID != before.Fields[1].ID || after[0].Fields[1].Value != "two" {
		t.Errorf("update made %+v", after)
	}
	read, err := p.Read(ctx, &pulumirpc.ReadRequest{Urn: urn, Id: created.GetId(), Properties: updated.GetProperties()})
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(read.GetProperties(), note(vault, "two")); d.GetChanges() != pulumirpc.DiffResponse_DIFF_NONE {
		t.Errorf("after a refresh: %v", d)
	}
	if _, err := p.Delete(ctx, &pulumirpc.DeleteRequest{Urn: urn, Id: created.GetId(), Properties: read.GetProperties()}); err != nil || len(server.Items("lab")) > 0 {
		t.Errorf("%v, left %v", err, server.Items("lab"))
	}
}

// plain reports whether a text is anywhere outside of a secret.
func plain(v resource.PropertyValue, text string) bool {
	switch {
	case v.IsString():
		return strings.Contains(v.StringValue(), text)
	case v.IsArray():
		for _, e := range v.ArrayValue() {
			if plain(e, text) {
				return true
			}
		}
	case v.IsObject():
		for _, e := range v.ObjectValue() {
			if plain(e, text) {
				return true
			}
		}
	}
	return false
}

func TestPlugin_SaysWhatItDoesNotPlay(t *testing.T) {
	p, _, _ := start(t)
	const says = "stand-in onepassword plugin does not implement "
	login := note("v", "one")
	login["category"] = resource.NewProperty("login")
	withRecipe := note("v", "one")
	withRecipe["passwordRecipe"] = resource.NewProperty(resource.PropertyMap{})
	check := func(inputs resource.PropertyMap) error {
		_, err := p.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn, News: p.wire(inputs)})
		return err
	}
	_, unknown := p.invoke("getSecret", nil)
	for want, err := range map[string]error{
		"1Password accounts (serviceAccountToken, account)": p.configure(map[string]any{"serviceAccountToken": "ops_x"}),
		"items of category login":                           check(login),
		"items with passwordRecipe":                         check(withRecipe),
		"function onepassword:index/getSecret:getSecret":    unknown,
	} {
		if err == nil || !strings.Contains(err.Error(), says+want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if err := p.configure(map[string]any{"url": "http://nas"}); err == nil || !strings.HasPrefix(err.Error(), "Invalid provider configuration") {
		t.Errorf("no token: %v", err)
	}
}

func TestPlugin_FailsAsConnectDoes(t *testing.T) {
	p, server, http := start(t)
	vault := server.AddVault("lab")
	for _, fault := range []connect.Fault{connect.TooManyRequests, connect.Broken, connect.Unauthorized} {
		server.Fail(1, fault)
		if _, err := p.invoke("getVault", map[string]any{"name": "lab"}); err == nil || !strings.HasPrefix(err.Error(), "Unable to read vault, got error: status ") {
			t.Errorf("%s: %v", fault, err)
		}
	}
	server.Fail(1, connect.Broken)
	if _, err := p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn, Properties: p.wire(note(vault, "one"))}); err == nil || len(server.Items("lab")) > 0 {
		t.Errorf("a broken server: %v, made %v", err, server.Items("lab"))
	}
	http.Close()
	if _, err := p.invoke("getItem", map[string]any{"vault": vault, "title": "bgp"}); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("unreachable: %v", err)
	}
}

func TestCancel_EndsAWaitForASilentServer(t *testing.T) {
	p, server, http := start(t)
	server.Fail(1, connect.Silent)
	// The call that hangs on holds the connection, which the server would wait for at its end.
	t.Cleanup(http.CloseClientConnections)
	done := make(chan error)
	go func() {
		_, err := p.invoke("getVault", map[string]any{"name": "lab"})
		done <- err
	}()
	for len(server.Calls()) == 0 {
		runtime.Gosched()
	}
	if _, err := p.Cancel(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err == nil || !strings.Contains(err.Error(), "context canceled") {
		t.Errorf("got %v", err)
	}
}

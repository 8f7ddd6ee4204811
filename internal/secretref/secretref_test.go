package secretref_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/onepassword"
	"github.com/home-ops/home-ops/internal/outside/outsidetest"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/internal/secretref"
	"github.com/home-ops/home-ops/spec"
)

// vaultID is the id of the vault "lab".
const vaultID = "labvaultlabvaultlabvaultla"

// stack has two references into one item, one into another, and one to a secret of its own.
func stack() *spec.Stack {
	s := &spec.Stack{Name: "lab"}
	s.Secrets.OnePassword = &spec.OnePassword{Vault: "lab", ConnectHost: "http://nas:8080", TokenRef: "config:connect"}
	s.Cilium.BGP = &spec.BGP{Peers: []spec.BGPPeer{{PasswordRef: "op://lab/bgp/password"}, {PasswordRef: "op://lab/bgp/v6/password"}}}
	s.Flux.TokenRef = "op://lab/github/token"
	return s
}

// vault answers as the provider does, and counts the calls.
type vault struct {
	calls []string
	err   error
}

func (v *vault) invoke(token string, args resource.PropertyMap) (resource.PropertyMap, error) {
	if v.err != nil {
		return nil, v.err
	}
	if token == "onepassword:index/getVault:getVault" {
		v.calls = append(v.calls, "vault "+args["name"].StringValue())
		return resource.NewPropertyMapFromMap(map[string]any{"uuid": vaultID}), nil
	}
	title := args["title"].StringValue()
	v.calls = append(v.calls, "item "+args["vault"].StringValue()+" "+title)
	section := func(label, field, value string) map[string]any {
		return map[string]any{"id": label, "label": label, "fields": []any{map[string]any{"id": field, "label": field, "value": value}}}
	}
	switch title {
	case "bgp":
		answer := resource.NewPropertyMapFromMap(map[string]any{"category": "login", "sections": []any{section("v6", "password", "six")}})
		answer["password"] = resource.MakeSecret(resource.NewProperty("four"))
		return answer, nil
	case "github":
		return resource.NewPropertyMapFromMap(map[string]any{"category": "login", "sections": []any{section("", "token", "gh")}}), nil
	}
	return nil, errors.New("Found 0 item(s)")
}

// resolve exports what the references of a stack lead to.
func resolve(s *spec.Stack) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		resolver, err := secretref.NewResolver(ctx, s, outsidetest.Nothing(nil))
		if err != nil {
			return err
		}
		for _, at := range s.SecretRefs() {
			value, err := resolver.Secret(at.Ref)
			if err != nil {
				return err
			}
			ctx.Export(string(at.Ref), value)
		}
		return nil
	}
}

// refusal is what the resolver says of a stack.
func refusal(t *testing.T, rec *recorder.Recorder, s *spec.Stack) string {
	t.Helper()
	var said string
	if err := rec.Run(func(ctx *pulumi.Context) error {
		if _, err := secretref.NewResolver(ctx, s, outsidetest.Nothing(nil)); err != nil {
			said = err.Error()
		}
		return nil
	}, s.Name); err != nil {
		t.Fatal(err)
	}
	return said
}

func TestNewResolver_ReadsEachItemOnceAndHandsOnSecrets(t *testing.T) {
	v := &vault{}
	for name, run := range map[string]func(*recorder.Recorder) error{
		"up":            func(r *recorder.Recorder) error { return r.Run(resolve(stack()), "lab") },
		"first preview": func(r *recorder.Recorder) error { return r.Preview(resolve(stack()), "lab") },
	} {
		v.calls = nil
		rec := &recorder.Recorder{
			Config: map[string]string{"home-ops:connect": "connect-token"}, SecretConfig: []string{"home-ops:connect"},
			Invokes: v.invoke,
		}
		if err := run(rec); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for key, want := range map[resource.PropertyKey]string{
			"op://lab/bgp/password": "four", "op://lab/bgp/v6/password": "six", "op://lab/github/token": "gh", "config:connect": "connect-token",
		} {
			got := rec.Exports()[key]
			if !got.IsSecret() || got.SecretValue().Element.StringValue() != want {
				t.Errorf("%s: %s is %v, want the secret %s", name, key, got, want)
			}
		}
		if want := []string{"vault lab", "item " + vaultID + " bgp", "item " + vaultID + " github"}; !slices.Equal(v.calls, want) {
			t.Errorf("%s: asked for %q, want %q", name, v.calls, want)
		}
		if found := rec.PlaintextOf("four", "six", "connect-token"); len(found) > 0 {
			t.Errorf("%s: in plain text: %v", name, found)
		}
		provider := rec.OfType("pulumi:providers:onepassword")
		if len(provider) != 1 || provider[0].Inputs["url"].StringValue() != "http://nas:8080" || provider[0].Request.GetVersion() != onepassword.Version {
			t.Errorf("%s: provider %v", name, provider)
		}
	}
}

func TestNewResolver_ReportsEverythingThatIsMissingAtOnce(t *testing.T) {
	s := stack()
	s.Flux.TokenRef = "op://lab/gitlab/token"
	s.Cilium.BGP.Peers[0].PasswordRef = "config:bgp"
	s.Flux.PrivateKeyRef = "config:deploy"
	rec := &recorder.Recorder{
		Config:       map[string]string{"home-ops:connect": "connect-token", "home-ops:deploy": "plain"},
		SecretConfig: []string{"home-ops:connect"}, Invokes: (&vault{}).invoke,
	}
	want := `cilium.bgp.peers[0].passwordRef: the stack has no secret home-ops:bgp; set it with ` + "`pulumi config set --secret home-ops:bgp`" + `
flux.privateKeyRef: home-ops:deploy is in the stack file in plain text; make a new secret, and set it with ` + "`pulumi config set --secret home-ops:deploy`" + `
flux.tokenRef: 1Password item "gitlab" of vault "lab": Found 0 item(s)`
	if got := refusal(t, rec, s); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The sample's word would go to Cloudflare or GitHub as a token. A preview asks nobody.
func TestNewResolver_RefusesPlaceholdersInAnUpdate(t *testing.T) {
	s := &spec.Stack{Name: "home"}
	s.Flux.TokenRef = "config:token"
	rec := &recorder.Recorder{Config: map[string]string{"home-ops:token": secretref.Placeholder}, SecretConfig: []string{"home-ops:token"}}
	want := `flux.tokenRef: home-ops:token still holds "replace-me", as in the sample; set yours with ` + "`pulumi config set --secret home-ops:token`"
	if got := refusal(t, rec, s); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := rec.Preview(resolve(s), "home"); err != nil {
		t.Errorf("a preview: %v", err)
	}
}

func TestNewResolver_ReportsOneCauseOnce(t *testing.T) {
	rec := &recorder.Recorder{
		Config: map[string]string{"home-ops:connect": "connect-token"}, SecretConfig: []string{"home-ops:connect"},
		Invokes: (&vault{err: errors.New("connection refused")}).invoke,
	}
	if got, want := refusal(t, rec, stack()), `cilium.bgp.peers[0].passwordRef: 1Password vault "lab": connection refused`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNewResolver_NeedsNoProviderWithoutAWayTo1Password(t *testing.T) {
	s := &spec.Stack{}
	s.Secrets.OnePassword = &spec.OnePassword{Vault: "home", TokenRef: "config:connect"}
	rec := &recorder.Recorder{Config: map[string]string{"home-ops:connect": "t"}, SecretConfig: []string{"home-ops:connect"}}
	if err := rec.Run(resolve(s), "home"); err != nil || len(rec.Resources()) > 0 {
		t.Errorf("%v, registered %v", err, rec.Names())
	}
}

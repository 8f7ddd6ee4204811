package outside

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/recorder"
)

// theToken is in no error and in no line that is told.
const theToken = "very-secret-token"

// fake is the services, at all of their names. Its answers are by method and address.
type fake struct {
	*httptest.Server

	mu      sync.Mutex
	answers map[string][]answer
	asked   []string
	told    []string
}

// answer is a status and a body. The last one of several is given again and again.
type answer struct {
	status int
	body   string
	header http.Header
}

func startFake(t *testing.T, answers map[string]string) *fake {
	f := &fake{answers: map[string][]answer{}}
	for call, body := range answers {
		f.answers[call] = []answer{{status: http.StatusOK, body: body}}
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	call := r.Method + " " + strings.TrimSuffix(r.URL.Path+"?"+r.URL.Query().Encode(), "?")
	f.asked = append(f.asked, call)
	all := f.answers[call]
	switch {
	case r.Header.Get("Authorization") != "Bearer "+theToken:
		http.Error(w, `{"message":"who are you"}`, http.StatusUnauthorized)
		return
	case len(all) == 0 && r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
		return
	case len(all) == 0:
		http.Error(w, `{"message":"the test has no answer to `+call+`"}`, http.StatusNotImplemented)
		return
	}
	if len(all) > 1 {
		f.answers[call] = all[1:]
	}
	for key, values := range all[0].header {
		w.Header()[key] = values
	}
	w.WriteHeader(all[0].status)
	_, _ = w.Write([]byte(all[0].body))
}

// RoundTrip sends everything to the fake.
func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", f.Listener.Addr().String()
	return http.DefaultTransport.RoundTrip(r)
}

func (f *fake) tell(line string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, line)
}

// removed are the addresses that were deleted.
func (f *fake) removed() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var paths []string
	for _, call := range f.asked {
		if path, ok := strings.CutPrefix(call, "DELETE "); ok {
			paths = append(paths, path)
		}
	}
	return paths
}

func (f *fake) cloudflare() *Cloudflare {
	c := NewCloudflare(f, f.tell)
	c.open(theToken)
	c.api.pause = time.Millisecond
	return c
}

func (f *fake) gitHub() *GitHub {
	g := NewGitHub("me", f, f.tell)
	g.open(theToken)
	g.api.pause = time.Millisecond
	return g
}

func (f *fake) connect() *OnePassword {
	o := NewConnect("http://nas:8080/", f, f.tell)
	o.open(theToken)
	return o
}

// wanted are the inputs of a resource, with what is secret marked as the engine marks it.
func wanted(in map[string]any, secret ...resource.PropertyKey) inputs {
	properties := resource.NewPropertyMapFromMap(in)
	for _, key := range secret {
		properties[key] = resource.MakeSecret(properties[key])
	}
	return inputs(properties)
}

// check looks at what came of a look.
func (f *fake) check(t *testing.T, err error, wantErr string, wantRemoved, wantTold []string) {
	t.Helper()
	said := ""
	if err != nil {
		said = err.Error()
	}
	if said != wantErr {
		t.Errorf("error\n%s\nwant\n%s", said, wantErr)
	}
	if got := f.removed(); !slices.Equal(got, wantRemoved) {
		t.Errorf("removed %q, want %q", got, wantRemoved)
	}
	if !slices.Equal(f.told, wantTold) {
		t.Errorf("told %q, want %q", f.told, wantTold)
	}
	if everything := said + strings.Join(f.told, " "); strings.Contains(everything, "very-secret") {
		t.Errorf("a secret is told: %s", everything)
	}
}

// cf is an answer of Cloudflare's.
func cf(result string) string { return `{"success":true,"errors":[],"result":` + result + `}` }

func TestHooks_AreCalledBeforeAThingIsMadeAndNeverInAPreview(t *testing.T) {
	f := startFake(t, map[string]string{
		"GET /repos/me/tree/keys?page=1&per_page=100": `[{"id":7,"title":"flux home","key":"ssh-ed25519 AAAA"}]`,
	})
	g := f.gitHub()
	g.open("") // the provider's token opens it
	program := func(ctx *pulumi.Context) error {
		token := g.Token(pulumi.ToSecret(pulumi.String(theToken)).(pulumi.StringOutput))
		var provider pulumi.ProviderResourceState
		if err := ctx.RegisterResource("pulumi:providers:github", "hub", pulumi.Map{"token": token}, &provider); err != nil {
			return err
		}
		hooks, err := g.Hooks(ctx, "hub")
		if err != nil {
			return err
		}
		opts := []pulumi.ResourceOption{pulumi.Provider(&provider), pulumi.ResourceHooks(hooks)}
		for _, token := range []string{"github:index/repositoryDeployKey:RepositoryDeployKey", "github:index/repository:Repository"} {
			var r pulumi.CustomResourceState
			err := ctx.RegisterResource(token, "thing", pulumi.Map{
				"repository": pulumi.String("tree"), "title": pulumi.String("flux home"), "key": pulumi.String("ssh-ed25519 AAAA\n"),
			}, &r, opts...)
			if err != nil {
				return err
			}
		}
		return nil
	}
	var preview, up recorder.Recorder
	if err := preview.Preview(program, "home"); err != nil || len(f.asked) > 0 {
		t.Errorf("%v; a preview asks %q", err, f.asked)
	}
	if err := up.Run(program, "home"); err != nil {
		t.Fatal(err)
	}
	f.check(t, nil, "", []string{"/repos/me/tree/keys/7"},
		[]string{"deploy key 7 of me/tree was left, unknown to the state, by a run that has died; it is removed and made again"})
	for _, r := range up.OfType("github:index/repositoryDeployKey:RepositoryDeployKey") {
		if got := r.Request.GetHooks().GetOnError(); !slices.Equal(got, []string{"hub-on-error"}) {
			t.Errorf("when it fails, %q is called", got)
		}
	}
	if found := up.PlaintextOf(theToken); len(found) > 0 {
		t.Errorf("in plain text: %v", found)
	}
}

func TestDo_OutlivesAServiceInTrouble(t *testing.T) {
	const call = "GET /repos/me/tree/keys?page=1&per_page=100"
	for name, test := range map[string]struct {
		answers []answer
		want    string
	}{
		"errors of a server": {[]answer{{status: 502}, {status: 500}, {status: 200, body: `[]`}}, ""},
		"too many calls":     {[]answer{{403, `{}`, http.Header{"Retry-After": {"0"}}}, {status: 200, body: `[]`}}, ""},
		"too many calls, for an hour": {
			[]answer{{403, `{"message":"You have exceeded a rate limit"}`, http.Header{"Retry-After": {"3600"}}}, {status: 200, body: `[]`}},
			"GitHub: 403 You have exceeded a rate limit",
		},
		"errors, again and again": {
			[]answer{{status: 500, body: `{"message":"Server Error"}`}}, "GitHub: 500 Server Error",
		},
		"a token that is no longer good": {[]answer{{status: 401, body: `{"message":"Bad credentials"}`}}, "GitHub: 401 Bad credentials"},
		"a refusal without words":        {[]answer{{status: 404, body: `<html>`}}, "GitHub: 404 Not Found"},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t, nil)
			f.answers[call] = test.answers
			err := f.gitHub().deployKey(t.Context(), wanted(map[string]any{"repository": "tree"}), "")
			f.check(t, err, test.want, nil, nil)
		})
	}
}

func TestDo_EndsWhenAServiceIsSilent(t *testing.T) {
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(silent.Close)
	f := &fake{Server: silent}
	c, began := f.cloudflare(), time.Now()
	c.api.within = 50 * time.Millisecond
	_, err := c.Zone(t.Context(), "acc", "example.com")
	if want := "edge.cloudflare.zone example.com: Cloudflare: it does not answer within 50ms"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
	if answerWithin != time.Minute {
		t.Errorf("a service may be silent for %s", answerWithin)
	}
}

func TestList_ReadsEveryPage(t *testing.T) {
	var many []string
	for id := range gitHubPage {
		many = append(many, fmt.Sprintf(`{"id":%d,"config":{"url":"https://other.test"}}`, id))
	}
	f := startFake(t, map[string]string{
		"GET /repos/me/tree/hooks?page=1&per_page=100": "[" + strings.Join(many, ",") + "]",
		"GET /repos/me/tree/hooks?page=2&per_page=100": `[{"id":777,"config":{"url":"https://hook.test/very-secret-path"}}]`,
	})
	in := wanted(map[string]any{
		"repository": "tree", "configuration": map[string]any{"url": "https://hook.test/very-secret-path"},
	}, "configuration")
	err := f.gitHub().webhook(t.Context(), in, "")
	f.check(t, err, "", []string{"/repos/me/tree/hooks/777"},
		[]string{"webhook 777 of me/tree was left, unknown to the state, by a run that has died; it is removed and made again"})
}

func TestRemove_IsDoneWhenTheThingIsGone(t *testing.T) {
	f := startFake(t, nil)
	f.answers["DELETE /gone"] = []answer{{status: http.StatusNotFound}}
	f.answers["DELETE /kept"] = []answer{{status: http.StatusForbidden, body: `{"message":"no"}`}}
	if err := f.gitHub().api.remove(t.Context(), "/gone"); err != nil {
		t.Error(err)
	}
	if err := f.gitHub().api.remove(t.Context(), "/kept"); err == nil || err.Error() != "GitHub: 403 no" {
		t.Errorf("error %v", err)
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// A run that dies after a service has deleted a thing leaves it in the state, and every later deletion fails.
func TestExplain_TellsTheCommandThatForgetsWhatIsGone(t *testing.T) {
	const (
		record  = "cloudflare:index/record:Record"
		token   = "cloudflare:index/apiToken:ApiToken"
		tunnel  = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared"
		webhook = "github:index/repositoryWebhook:RepositoryWebhook"
		key     = "github:index/repositoryDeployKey:RepositoryDeployKey"
		ruleset = "github:index/repositoryRuleset:RepositoryRuleset"
		item    = "onepassword:index/item:Item"
	)
	missing := []answer{{status: http.StatusNotFound}}
	some := func(body string) []answer { return []answer{{status: http.StatusOK, body: body}} }
	in := map[string]any{"zoneId": "z", "accountId": "acc", "repository": "tree", "vault": "v", "title": "home break-glass"}
	for name, test := range map[string]struct {
		kind, id, call string
		answers        []answer
		operation      string
		forget         string
	}{
		"a record":                 {record, "r1", "GET /client/v4/zones/z/dns_records/r1", missing, "delete", "pulumi refresh --stack home --target"},
		"an API token":             {token, "k1", "GET /client/v4/user/tokens/k1", missing, "delete", "pulumi refresh --stack home --target"},
		"a webhook":                {webhook, "7", "GET /repos/me/tree/hooks/7", missing, "delete", "pulumi refresh --stack home --target"},
		"a deploy key":             {key, "tree:8", "GET /repos/me/tree/keys/8", missing, "delete", "pulumi refresh --stack home --target"},
		"a ruleset":                {ruleset, "9", "GET /repos/me/tree/rulesets/9", missing, "delete", "pulumi refresh --stack home --target"},
		"a tunnel, which is shown": {tunnel, "t1", "GET /client/v4/accounts/acc/cfd_tunnel/t1", some(cf(`{"deleted_at":"2026-01-02T03:04:05Z"}`)), "delete", "pulumi state delete --stack home"},
		"a tunnel":                 {tunnel, "t1", "GET /client/v4/accounts/acc/cfd_tunnel/t1", missing, "delete", "pulumi state delete --stack home"},
		"an item beside another":   {item, "vaults/v/items/i1", "GET /v1/vaults/v/items?filter=title+eq+%22home+break-glass%22", some(`[{"id":"i2","title":"home break-glass"}]`), "delete", "pulumi state delete --stack home"},
		"a tunnel that is there":   {tunnel, "t1", "GET /client/v4/accounts/acc/cfd_tunnel/t1", some(cf(`{"deleted_at":null}`)), "delete", ""},
		"a record that is there":   {record, "r1", "GET /client/v4/zones/z/dns_records/r1", some(cf(`{}`)), "delete", ""},
		"an item that is there":    {item, "vaults/v/items/i1", "GET /v1/vaults/v/items?filter=title+eq+%22home+break-glass%22", some(`[{"id":"i1","title":"home break-glass"}]`), "delete", ""},
		"a record, not made":       {record, "", "", nil, "create", ""},
		"a thing that is no one's": {"cloudflare:index/zone:Zone", "z", "", nil, "delete", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t, nil)
			f.answers[test.call] = test.answers
			s := &f.cloudflare().service
			switch {
			case strings.HasPrefix(test.kind, "github"):
				s = &f.gitHub().service
			case strings.HasPrefix(test.kind, "onepassword"):
				s = &f.connect().service
			}
			urn := "urn:pulumi:home::home-ops::" + test.kind + "::the-thing"
			err := s.explain(t.Context(), &pulumi.ErrorHookArgs{
				URN: pulumi.URN(urn), ID: pulumi.ID(test.id), Name: "the-thing", Type: tokens.Type(test.kind),
				OldInputs: resource.PropertyMap(wanted(in)), FailedOperation: test.operation, Errors: []string{"404 Not Found"},
			})
			var told []string
			if test.forget != "" {
				told = []string{"the-thing was deleted by a run that has died, and the state does not know. To have it forgotten: " +
					test.forget + " '" + urn + "'; then run up again"}
			}
			f.check(t, err, "", nil, told)
		})
	}
}

func TestExplain_TellsNothingWhenTheServiceDoesNotSay(t *testing.T) {
	f := startFake(t, nil)
	f.answers["GET /client/v4/zones/z/dns_records/r1"] = []answer{{status: http.StatusForbidden, body: `{"errors":[{"code":9109,"message":"Invalid access token"}]}`}}
	err := f.cloudflare().explain(t.Context(), &pulumi.ErrorHookArgs{
		URN: "urn:pulumi:home::home-ops::cloudflare:index/record:Record::r", ID: "r1", Type: "cloudflare:index/record:Record",
		OldInputs: resource.PropertyMap(wanted(map[string]any{"zoneId": "z"})), FailedOperation: "delete",
	})
	f.check(t, err, "Cloudflare: 403 Invalid access token (9109)", nil, nil)
}

package cloudflare_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/rack/cloudflare/api"
	"github.com/home-ops/home-ops/rack/tokenlog"
)

const (
	admin   = "admin-token-0123456789-0123456789-012345"
	account = "0123456789abcdef0123456789abcdef"
	zone    = "fedcba9876543210fedcba9876543210"

	records  = "/zones/" + zone + "/dns_records"
	settings = "/zones/" + zone + "/settings"
	tunnels  = "/accounts/" + account + "/cfd_tunnel"
)

var secret = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("s", 32)))

// caller calls the API and fails the test where it must not fail.
type caller struct {
	*cloudflare.Server
	t      *testing.T
	client api.Client
}

func start(t *testing.T) caller {
	t.Helper()
	cf := cloudflare.New(cloudflare.Options{
		Tokens: []string{admin},
		Zones: []cloudflare.Zone{
			{ID: zone, Name: "example.com", Account: account},
			{ID: strings.Repeat("a", 32), Name: "example.org", Account: account},
		},
	})
	server := httptest.NewServer(cf)
	t.Cleanup(server.Close)
	return caller{cf, t, api.Client{URL: server.URL + "/client/v4", Token: admin, Pause: time.Millisecond}}
}

func (c caller) call(method, path string, body any) map[string]any {
	c.t.Helper()
	out := map[string]any{}
	if err := c.client.Do(c.t.Context(), method, path, body, &out); err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	return out
}

func (c caller) refused(method, path string, body any, want string) {
	c.t.Helper()
	if err := c.client.Do(c.t.Context(), method, path, body, nil); err == nil || err.Error() != want {
		c.t.Errorf("%s %s %v:\n got %v\nwant %s", method, path, body, err, want)
	}
}

func record(name, recordType, content string, proxied bool) map[string]any {
	return map[string]any{"name": name, "type": recordType, "content": content, "proxied": proxied, "ttl": 1}
}

func TestRecords_AreCompletedAndChangedInPlace(t *testing.T) {
	c := start(t)
	made := c.call(http.MethodPost, records, record("External", "CNAME", "Tunnel.Example.net.", true))
	if made["name"] != "external.example.com" || made["content"] != "tunnel.example.net" {
		t.Errorf("made %v", made)
	}
	changed := c.call(http.MethodPatch, records+"/"+made["id"].(string), map[string]any{"proxied": false, "ttl": 300})
	if changed["id"] != made["id"] || changed["ttl"] != 300. || changed["content"] != "tunnel.example.net" {
		t.Errorf("changed %v", changed)
	}
	c.call(http.MethodDelete, records+"/"+made["id"].(string), nil)
	c.refused(http.MethodGet, records+"/"+made["id"].(string), nil, "Record does not exist. (81044)")
}

func TestRecords_RefuseWhatCannotBe(t *testing.T) {
	c := start(t)
	c.call(http.MethodPost, records, record("app", "CNAME", "external.example.com", true))
	c.call(http.MethodPost, records, record("home", "A", "203.0.113.1", false))
	for _, test := range []struct {
		name, recordType, content string
		proxied                   bool
		want                      string
	}{
		{"app", "CNAME", "external.example.com", true, "An identical record already exists. (81058)"},
		{"home", "CNAME", "external.example.com", false, "An A, AAAA, or CNAME record with that host already exists. (81053)"},
		{"app", "A", "203.0.113.1", false, "A CNAME record with that host already exists. (81054)"},
		{"b", "A", "2001:db8::1", false, "Content for A record must be a valid IPv4 address. (9005)"},
		{"b", "A", "10.0.0.1", true, "Target 10.0.0.1 is not allowed for a proxied record. (9003)"},
		{"b", "TXT", "text", true, "This record type cannot be proxied. (9004)"},
	} {
		c.refused(http.MethodPost, records, record(test.name, test.recordType, test.content, test.proxied), test.want)
	}
	if n := len(c.Records("example.com")); n != 2 {
		t.Errorf("there are %d records", n)
	}
}

func TestLists_ComeInPages(t *testing.T) {
	c := start(t)
	for _, name := range []string{"a", "b", "c"} {
		c.call(http.MethodPost, records, record(name, "A", "203.0.113.1", false))
	}
	var page []map[string]any
	if err := c.client.Do(t.Context(), http.MethodGet, records+"?per_page=2&page=2", nil, &page); err != nil {
		t.Fatal(err)
	}
	if len(page) != 1 || page[0]["name"] != "c.example.com" {
		t.Errorf("the second page has %v", page)
	}
	var zones []map[string]any
	if err := c.client.Do(t.Context(), http.MethodGet, "/zones?name=example.com&account.id="+account, nil, &zones); err != nil {
		t.Fatal(err)
	}
	if len(zones) != 1 || zones[0]["id"] != zone {
		t.Errorf("zones by name are %v", zones)
	}
}

func TestTunnels_KeepTheirNamesAndConnections(t *testing.T) {
	c := start(t)
	wanted := map[string]any{"name": "home", "tunnel_secret": secret, "config_src": "cloudflare"}
	made := c.call(http.MethodPost, tunnels, wanted)
	at := tunnels + "/" + made["id"].(string)
	if made["remote_config"] != true || made["status"] != "inactive" {
		t.Errorf("made %v", made)
	}
	c.refused(http.MethodPost, tunnels, wanted, "You already have a tunnel with this name (1013)")

	var token string
	if err := c.client.Do(t.Context(), http.MethodGet, at+"/token", nil, &token); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Connect(token); err != nil {
		t.Fatal(err)
	}
	c.refused(http.MethodDelete, at, nil, "Cannot delete tunnel because it has active connections. "+
		"Please stop all cloudflared processes or use the cleanup endpoint (1022)")
	c.call(http.MethodDelete, at+"/connections", nil)
	c.call(http.MethodDelete, at, nil)
	if shown := c.call(http.MethodGet, at, nil); shown["deleted_at"] == nil {
		t.Errorf("a deleted tunnel is shown as %v", shown)
	}
	c.call(http.MethodPost, tunnels, wanted) // the name is free again
	if _, err := c.Connect(token); err == nil {
		t.Error("the token of the deleted tunnel connects")
	}
}

func TestConfiguration_RefusesWhatNoConnectorWouldRun(t *testing.T) {
	c := start(t)
	at := tunnels + "/" + c.call(http.MethodPost, tunnels, map[string]any{"name": "home", "tunnel_secret": secret})["id"].(string)
	put := func(rules ...any) map[string]any {
		return map[string]any{"config": map[string]any{"ingress": rules}}
	}
	everywhere := map[string]any{"service": "http_status:404"}
	c.refused(http.MethodPut, at+"/configurations", put(map[string]any{"hostname": "a.example.com", "service": "http://a"}),
		"Bad Configuration: The last ingress rule must match all URLs (i.e. it should not have a hostname or path filter) (1056)")
	c.refused(http.MethodPut, at+"/configurations", put(everywhere, everywhere),
		"Bad Configuration: Rule #1 is matching the hostname '', but this will match every hostname, "+
			"meaning the rules which follow it will never be triggered. (1056)")
	c.call(http.MethodPut, at+"/configurations", put(everywhere))
}

func TestTokens_CanDoWhatTheirPoliciesSay(t *testing.T) {
	c := start(t)
	made := c.call(http.MethodPost, "/user/tokens", map[string]any{"name": "dns", "policies": []any{map[string]any{
		"effect": "allow", "resources": map[string]any{"com.cloudflare.api.account.zone." + zone: "*"},
		"permission_groups": []any{
			map[string]any{"id": "c8fed203ed3043cba015a93ad1616f1f"}, map[string]any{"id": "4755a26eedb94da69e1066d98aa820be"},
		},
	}}})
	c.client.Token = made["value"].(string)
	c.call(http.MethodPost, records, record("app", "A", "203.0.113.1", false))
	var zones []any
	if err := c.client.Do(t.Context(), http.MethodGet, "/zones", nil, &zones); err != nil || len(zones) != 1 {
		t.Errorf("it sees %d zones: %v", len(zones), err)
	}
	for _, path := range []string{tunnels, settings, "/user/tokens", strings.Replace(records, zone, strings.Repeat("a", 32), 1)} {
		c.refused(http.MethodGet, path, nil, "Authentication error (10000)")
	}
	c.Revoke(c.client.Token)
	c.refused(http.MethodGet, records, nil, "Invalid access token (9109)")
	c.refused(http.MethodGet, "/user/tokens/verify", nil, "Invalid API Token (1000)")
}

func TestSettings_ChangeTogetherOrNotAtAll(t *testing.T) {
	c := start(t)
	items := func(id string) map[string]any {
		return map[string]any{"items": []any{
			map[string]any{"id": "ssl", "value": "strict"}, map[string]any{"id": id, "value": "on"},
		}}
	}
	c.refused(http.MethodPatch, settings, items("polish"), "Unauthorized to edit setting polish: it needs a paid plan (1006)")
	if got := c.Settings("example.com")["ssl"]; got != "full" {
		t.Errorf("ssl is %v", got)
	}
	var changed []any
	if err := c.client.Do(t.Context(), http.MethodPatch, settings, items("always_use_https"), &changed); err != nil {
		t.Fatal(err)
	}
	if got := c.Settings("example.com"); got["ssl"] != "strict" || got["always_use_https"] != "on" {
		t.Errorf("settings are %v", got)
	}
}

func TestFail_StrikesWhatItNames(t *testing.T) {
	c := start(t)
	c.Fail(cloudflare.Fault{Trouble: cloudflare.RateLimit, Path: "/dns_records", Times: 2})
	c.client.Retries = 2
	c.call(http.MethodPost, records, record("app", "A", "203.0.113.1", false))
	if n := len(c.Calls()); n != 3 {
		t.Errorf("it took %d calls", n)
	}
	c.Fail(cloudflare.Fault{Trouble: cloudflare.LostAnswer, Method: http.MethodPost, Body: `"name":"other"`})
	c.client.Retries = 1
	c.call(http.MethodPost, records, record("another", "CNAME", "other", false))
	c.refused(http.MethodPost, records, record("other", "A", "203.0.113.1", false), "An identical record already exists. (81058)")

	c.Fail(cloudflare.Fault{Trouble: cloudflare.Hang})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := c.client.Do(ctx, http.MethodGet, records, nil, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call that hangs ends with %v", err)
	}

	unheard, then := context.WithCancel(t.Context())
	c.Fail(cloudflare.Fault{Trouble: cloudflare.Unheard, Method: http.MethodPost, Then: then})
	if err := c.client.Do(unheard, http.MethodPost, records, record("unheard", "A", "203.0.113.1", false), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a call of which nobody hears ends with %v", err)
	}
	c.refused(http.MethodPost, records, record("unheard", "A", "203.0.113.1", false), "An identical record already exists. (81058)")
}

func TestServer_NamesWhatItDoesNotPlay(t *testing.T) {
	start(t).refused(http.MethodGet, "/zones/"+zone+"/firewall/rules", nil,
		"this stand-in for Cloudflare does not play GET /client/v4/zones/"+zone+"/firewall/rules (7000)")
}

func TestAccept_LetsAnotherTokenDoWhatTheFormerMay(t *testing.T) {
	c := start(t)
	former, next := c.client.Token, strings.Repeat("n", 40)
	c.Accept(next, former)
	c.Revoke(former)
	c.refused(http.MethodGet, records, nil, "Invalid access token (9109)")
	c.client.Token = next
	c.call(http.MethodPost, records, record("app", "A", "203.0.113.1", false))
	if in, out := c.Shown(next), c.Shown(former); in != (tokenlog.Count{In: 1}) || out != (tokenlog.Count{Refused: 1}) {
		t.Errorf("the next was shown %+v, the former %+v", in, out)
	}
}

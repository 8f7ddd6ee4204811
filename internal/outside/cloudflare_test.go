package outside

import (
	"encoding/base64"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const listTunnels = "GET /client/v4/accounts/acc/cfd_tunnel?is_deleted=false&name=home&page=1&per_page=50"

func TestTunnel_OfTheClusterIsRemovedUnlessItIsUsed(t *testing.T) {
	const used = `[{"id":"t1","name":"home","connections":[{}]}]`
	const unused = `[{"id":"t1","name":"home","connections":[]},{"id":"t2","name":"home-2","connections":[]}]`
	for name, test := range map[string]struct {
		there, secret string
		wantErr       string
		removed, told []string
	}{
		"none there": {`[]`, "", "", nil, nil},
		"the cluster's own": {
			unused, "very-secret-own", "",
			[]string{"/client/v4/accounts/acc/cfd_tunnel/t1"},
			[]string{"tunnel home (t1) was left, unknown to the state, by a run that has died; it is removed and made again"},
		},
		"the cluster's own, at work": {
			used, "very-secret-own", "tunnel home (t1) is this cluster's, the state does not know it, and its connectors are at work: " +
				"no dead run has left it, but the state is an older one. To have the tunnel made anew: cloudflared tunnel delete --force t1", nil, nil,
		},
		"another's": {
			unused, "very-secret-other", "tunnel home (t1) is there already, and is another's: its secret is not this cluster's. " +
				"Choose another edge.cloudflare.tunnelName; or, if nobody needs it: cloudflared tunnel delete t1", nil, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			claims := base64.StdEncoding.EncodeToString([]byte(jsonOf(t, map[string]string{"a": "acc", "t": "t1", "s": test.secret})))
			f := startFake(t, map[string]string{
				listTunnels: cf(test.there), "GET /client/v4/accounts/acc/cfd_tunnel/t1/token": cf(`"` + claims + `"`),
			})
			in := wanted(map[string]any{"accountId": "acc", "name": "home", "secret": "very-secret-own"}, "secret")
			f.check(t, f.cloudflare().tunnel(t.Context(), in, ""), test.wantErr, test.removed, test.told)
		})
	}
}

func TestSecretOfTunnel_IsEmptyInWhatIsNoToken(t *testing.T) {
	for _, token := range []string{"", "%", "bm90IGpzb24="} {
		if got := secretOfTunnel(token); got != "" {
			t.Errorf("%q has %q", token, got)
		}
	}
}

func TestRecord_WithTheCommentIsRemoved(t *testing.T) {
	const other = " is there already, and is another's: its comment is not \"made by home-ops\". If nobody needs it: " +
		"curl -X DELETE -H \"Authorization: Bearer $CLOUDFLARE_API_TOKEN\" https://api.cloudflare.com/client/v4/zones/z/dns_records/"
	own := []string{"/client/v4/zones/z/dns_records/r1"}
	for name, test := range map[string]struct {
		kind, there, wantErr string
		removed, told        []string
	}{
		"ours": {
			"CNAME", `[{"id":"r1","name":"External.example.com","type":"CNAME","content":"t.cfargotunnel.com","comment":"made by home-ops"}]`,
			"", own,
			[]string{"record External.example.com CNAME was left, unknown to the state, by a run that has died; it is removed and made again"},
		},
		"another's in the way": {
			"CNAME", `[{"id":"r2","name":"external.example.com","type":"A","content":"192.0.2.1","comment":"by hand"}]`,
			"record external.example.com A, which leads to 192.0.2.1," + other + "r2", nil, nil,
		},
		"another's CNAME": {
			"A", `[{"id":"r2","name":"external.example.com","type":"CNAME","content":"elsewhere.test"}]`,
			"record external.example.com CNAME, which leads to elsewhere.test," + other + "r2", nil, nil,
		},
		"another's, the very same": {
			"A", `[{"id":"r2","name":"external.example.com","type":"A","content":"192.0.2.7"}]`,
			"record external.example.com A, which leads to 192.0.2.7," + other + "r2", nil, nil,
		},
		"another's that is in nobody's way": {
			"A", `[{"id":"r2","name":"external.example.com","type":"A","content":"192.0.2.1"},
			       {"id":"r3","name":"external.example.com","type":"TXT","content":"x","comment":"made by home-ops"},
			       {"id":"r4","name":"other.example.com","type":"A","content":"192.0.2.7","comment":"made by home-ops"}]`,
			"", nil, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t, map[string]string{
				"GET /client/v4/zones/z/dns_records?name=external.example.com&page=1&per_page=50": cf(test.there),
			})
			in := wanted(map[string]any{
				"zoneId": "z", "name": "external.example.com", "type": test.kind, "content": "192.0.2.7", "comment": "made by home-ops",
			})
			f.check(t, f.cloudflare().record(t.Context(), in, ""), test.wantErr, test.removed, test.told)
		})
	}
}

func TestAPIToken_OfTheNameAndZoneIsRemovedUnlessItHasJustBeenMade(t *testing.T) {
	const zone, elsewhere = "com.cloudflare.api.account.zone.z", "com.cloudflare.api.account.zone.y"
	there := cf(`[
		{"id":"k1","name":"home-ops home","policies":[{"resources":{"` + zone + `":"*"}}]},
		{"id":"k2","name":"home-ops home","policies":[{"resources":{"` + zone + `":"*"}}]},
		{"id":"k3","name":"home-ops home","policies":[{"resources":{"` + elsewhere + `":"*"}}]},
		{"id":"k4","name":"home-ops lab","policies":[{"resources":{"` + zone + `":"*"}}]},
		{"id":"k5","name":"home-ops home","policies":[{"resources":{"` + zone + `":"*","com.cloudflare.api.user.1":"*"}}]}]`)
	told := func(id string) string {
		return `API token "home-ops home" (` + id + `) was made by a run or a call that never heard of it; it is removed`
	}
	in := wanted(map[string]any{"name": "home-ops home", "policies": []any{
		map[string]any{"resources": map[string]any{zone: "*"}, "permissionGroups": []any{"p"}},
	}})
	policies := in["policies"].ArrayValue()
	policies[0] = resource.MakeSecret(policies[0])
	for id, test := range map[string]struct{ removed, told []string }{
		"":   {[]string{"/client/v4/user/tokens/k1", "/client/v4/user/tokens/k2"}, []string{told("k1"), told("k2")}},
		"k2": {[]string{"/client/v4/user/tokens/k1"}, []string{told("k1")}},
	} {
		f := startFake(t, map[string]string{"GET /client/v4/user/tokens?page=1&per_page=50": there})
		f.check(t, f.cloudflare().apiToken(t.Context(), in, id), "", test.removed, test.told)
	}
}

func TestZone_IsTheOneOfTheAccount(t *testing.T) {
	for body, want := range map[string]string{
		cf(`[{"id":"z"}]`): "",
		cf(`[]`):           "edge.cloudflare.zone: account acc has 0 zones called example.com that the token of edge.cloudflare.apiTokenRef may read",
	} {
		f := startFake(t, map[string]string{"GET /client/v4/zones?account.id=acc&name=example.com": body})
		id, err := f.cloudflare().Zone(t.Context(), "acc", "example.com")
		if want == "" && id != "z" {
			t.Errorf("zone %q", id)
		}
		f.check(t, err, want, nil, nil)
	}
	f := startFake(t, nil)
	f.answers["GET /client/v4/zones?account.id=acc&name=example.com"] = []answer{{status: 403, body: `{"errors":[{"code":9109,"message":"Invalid access token"}]}`}}
	_, err := f.cloudflare().Zone(t.Context(), "acc", "example.com")
	f.check(t, err, "edge.cloudflare.zone example.com: Cloudflare: 403 Invalid access token (9109)", nil, nil)
}

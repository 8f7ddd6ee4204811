package edge_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/edge"
	"github.com/home-ops/home-ops/spec"
)

func TestNew_MakesEachThingAfterWhatItNeeds(t *testing.T) {
	rec := registered(t, lab(t))
	for name, want := range map[string][]string{
		"edge-namespace-network":  nil,
		"edge-policy-cloudflared": {"cilium"},
		"edge-cert-manager":       {"cilium", "edge-namespace-cert-manager"},
		"edge-issuer":             {"edge-cert-manager", "edge-cert-manager-token"},
		"edge-certificate":        {"edge-issuer", "edge-namespace-network"},
		"edge-gateway-external":   {"cilium", "edge-namespace-network", "kinds"},
		"edge-redirect":           {"edge-gateway-external", "edge-gateway-internal"},
		// The connectors trust the authority behind the certificate.
		"edge-cloudflared": {
			"cilium", "edge-certificate", "edge-letsencrypt-staging-roots", "edge-tunnel", "edge-tunnel-token",
		},
		"edge-external-record": {"edge-tunnel"},
		"edge-external-dns-cloudflare": {
			"cilium", "edge-external-dns-token", "edge-namespace-network", "kinds",
		},
		"edge-external-dns-unifi": {"cilium", "edge-namespace-network", "edge-unifi-key", "kinds"},
		"edge-k8s-gateway":        {"cilium", "edge-namespace-network", "kinds"},
	} {
		if got := rec.Find(t, name).Dependencies(); !slices.Equal(got, want) {
			t.Errorf("%s waits for %v, want %v", name, got, want)
		}
	}
}

func TestNew_MakesTheAuthorityBeforeWhatItSigns(t *testing.T) {
	rec := registered(t, none(t))
	for name, want := range map[string][]string{
		"edge-issuer-selfsigned": {"edge-cert-manager"},
		"edge-authority":         {"edge-cert-manager", "edge-issuer-selfsigned"},
		"edge-issuer":            {"edge-authority", "edge-cert-manager", "edge-issuer-selfsigned"},
	} {
		if got := rec.Find(t, name).Dependencies(); !slices.Equal(got, want) {
			t.Errorf("%s waits for %v, want %v", name, got, want)
		}
	}
}

func TestNew_OpensTheWayInThatTheStackSays(t *testing.T) {
	dynamic := direct(t)
	dynamic.Edge.DNS.PublicTarget = ""
	for name, test := range map[string]struct {
		stack    *spec.Stack
		releases string
		tunnels  int
		record   string // type, content and whether it is proxied
	}{
		"tunnel": {home(t), "cert-manager external-dns-cloudflare k8s-gateway", 1, "CNAME the-tunnel.cfargotunnel.com true"},
		"tunnel and UniFi": {
			lab(t), "cert-manager external-dns-cloudflare external-dns-unifi k8s-gateway", 1,
			"CNAME the-tunnel.cfargotunnel.com true",
		},
		"direct": {direct(t), "cert-manager external-dns-cloudflare", 0, "CNAME home.dyndns.example false"},
		// A client of the home's keeps external.DOMAIN.
		"direct and dynamic": {dynamic, "cert-manager external-dns-cloudflare", 0, ""},
		"none":               {none(t), "cert-manager k8s-gateway", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			rec := registered(t, test.stack)
			var releases []string
			for _, r := range rec.OfType(releaseType) {
				releases = append(releases, plain(r)["name"].(string))
			}
			if got := strings.Join(releases, " "); got != test.releases {
				t.Errorf("installs %s, want %s", got, test.releases)
			}
			if got := len(rec.OfType(tunnelType)); got != test.tunnels || len(rec.OfType(configType)) != test.tunnels {
				t.Errorf("%d tunnels, want %d", got, test.tunnels)
			}
			var record string
			for _, r := range rec.OfType(recordType) {
				in := plain(r)
				if in["name"] != "external."+test.stack.Cluster.Domain || in["zoneId"] != theZone {
					t.Errorf("record %v", in)
				}
				record = in["type"].(string) + " " + in["content"].(string) + map[any]string{true: " true", false: " false"}[in["proxied"]]
			}
			if record != test.record {
				t.Errorf("external.DOMAIN is %q, want %q", record, test.record)
			}
		})
	}
}

func TestNew_WithoutExposurePublishesNothingThoughCloudflareHoldsTheDomain(t *testing.T) {
	stack := home(t)
	stack.Edge.Exposure = spec.ExposureNone
	rec := registered(t, stack)
	for _, r := range rec.Resources() {
		if strings.Contains(r.Type, "cloudflare") || r.Name == "edge-external-dns-cloudflare" {
			t.Errorf("makes %s", r.Name)
		}
	}
	if got := rec.Exports()["tunnel"].StringValue(); got != "" {
		t.Errorf("a tunnel: %s", got)
	}
}

func TestNew_ProtectsTheTunnelAlone(t *testing.T) {
	for _, r := range registered(t, home(t)).Resources() {
		if got, want := r.Request.GetProtect(), r.Type == tunnelType; got != want {
			t.Errorf("%s: protected %t", r.Name, got)
		}
	}
}

func TestNew_GivesATunnelOfAnotherNameAnotherSecret(t *testing.T) {
	stack := home(t)
	secretOf := func() string {
		value, secret := registered(t, stack).Find(t, "edge-tunnel").Value("secret")
		if !secret {
			t.Errorf("%v is plain", value)
		}
		return value.StringValue()
	}
	first := secretOf()
	if raw, err := base64.StdEncoding.DecodeString(first); err != nil || len(raw) < 32 {
		t.Errorf("%d bytes of base64, want 32 and more: %v", len(raw), err)
	}
	if again := secretOf(); again != first {
		t.Error("the secret changes from run to run")
	}
	stack.Edge.Cloudflare.TunnelName = "home-2"
	if secretOf() == first {
		t.Error("another tunnel has the same secret")
	}
}

func TestNew_GivesTheClusterATokenOfItsOwnWhereTheStackSaysSo(t *testing.T) {
	for name, test := range map[string]struct {
		stack *spec.Stack
		want  string
	}{"the account's": {home(t), theToken}, "its own": {direct(t), newToken}} {
		t.Run(name, func(t *testing.T) {
			rec := registered(t, test.stack)
			for _, secret := range []string{"edge-cert-manager-token", "edge-external-dns-token"} {
				data, isSecret := rec.Find(t, secret).Value("stringData")
				got := data.ObjectValue()["api-token"]
				if got.IsSecret() {
					got = got.SecretValue().Element
				}
				if !isSecret || got.StringValue() != test.want {
					t.Errorf("%s holds %v", secret, got)
				}
			}
		})
	}
	policies := plain(registered(t, direct(t)).OfType(tokenType)[0])["policies"].([]any)
	resources := policies[0].(map[string]any)["resources"].(map[string]any)
	if len(policies) != 1 || len(resources) != 1 || resources["com.cloudflare.api.account.zone."+theZone] != "*" {
		t.Errorf("may do %v", policies)
	}
}

func TestNew_SetsTheZoneUpWhereTheStackSaysSo(t *testing.T) {
	if got := registered(t, home(t)).OfType(settingsType); len(got) != 0 {
		t.Errorf("changes %v unasked", got)
	}
	settings := plain(registered(t, ownCA(t)).Find(t, "edge-zone-settings"))["settings"].(map[string]any)
	if settings["ssl"] != "strict" || settings["alwaysUseHttps"] != "on" || settings["minTlsVersion"] != "1.2" {
		t.Errorf("settings %v", settings)
	}
	if hsts := settings["securityHeader"].(map[string]any); hsts["enabled"] != true || hsts["preload"] != false {
		t.Errorf("HSTS %v", hsts)
	}
}

func TestNew_ShowsNoSecret(t *testing.T) {
	for _, stack := range []*spec.Stack{home(t), lab(t), direct(t), none(t), ownCA(t)} {
		rec := registered(t, stack)
		if found := rec.PlaintextOf(theToken, theKey, theSeed, theCAKey, newToken, runTunnel); len(found) > 0 {
			t.Errorf("%s: in plain: %v", stack.Name, found)
		}
	}
}

func TestNew_CanBePreviewedBeforeTheClusterExists(t *testing.T) {
	for _, stack := range []*spec.Stack{home(t), lab(t), direct(t), none(t), ownCA(t)} {
		rec := newRecorder()
		if err := rec.Preview(program(stack), stack.Name); err != nil {
			t.Fatal(stack.Name, err)
		}
		if got, want := rec.Names(), registered(t, stack).Names(); !slices.Equal(got, want) {
			t.Errorf("%s: previews %v, makes %v", stack.Name, got, want)
		}
	}
}

func TestNew_TellsEverythingThatIsMissing(t *testing.T) {
	stack := lab(t)
	stack.Edge.Gateways.Internal, stack.Edge.Gateways.External = nil, nil
	err := newRecorder().Run(program(stack, func(a *edge.Args) {
		a.Provider, a.Seed, a.CloudflareToken, a.UniFiKey = nil, nil, nil, nil
	}), stack.Name)
	want := strings.Join([]string{
		"edge: Provider is missing: objects would go wherever the user's kubeconfig points",
		"edge: the stack has no edge.gateways",
		"edge: CloudflareToken is missing: the stack has edge.cloudflare",
		"edge: Seed is missing: the stack has a tunnel",
		"edge: UniFiKey is missing: the stack has edge.dns.unifi",
	}, "\n")
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

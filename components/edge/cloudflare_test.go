package edge

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/edge/tunnel"
	"github.com/home-ops/home-ops/spec"
)

func TestEdgeAccess_FollowsTheExposureOfTheStack(t *testing.T) {
	dynamic, closed := direct(t), direct(t)
	dynamic.Edge.DNS.PublicTarget = ""
	closed.Edge.Exposure = spec.ExposureNone
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
		// A dynamic DNS client at home keeps external.DOMAIN.
		"direct and dynamic":      {dynamic, "cert-manager external-dns-cloudflare", 0, ""},
		"records at DigitalOcean": {digitalOcean(t), "cert-manager external-dns-digitalocean", 0, ""},
		"none":                    {none(t), "cert-manager k8s-gateway", 0, ""},
		// The address of the home is known, and nothing leads to it.
		"none any more": {closed, "cert-manager", 0, ""},
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
			for _, r := range rec.OfType(dnsRecordType) {
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

func TestEdgeAccess_PublishesNothingWithoutExposure(t *testing.T) {
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

func TestEdgeAccess_NeedsNoTokenInAClusterThatPublishesNothing(t *testing.T) {
	stack := ownCA(t)
	stack.Edge.Exposure = spec.ExposureNone
	stack.Edge.Cloudflare.ClusterToken, stack.Edge.Cloudflare.ZoneSettings = false, nil
	if found := registered(t, stack).PlaintextOf(theToken); len(found) > 0 {
		t.Errorf("in plain: %v", found)
	}
	for _, r := range registered(t, stack).Resources() {
		if strings.HasSuffix(r.Name, "-token") {
			t.Errorf("makes %s", r.Name)
		}
	}
}

func TestEdgeAccess_UsesTheAccountOfTheStack(t *testing.T) {
	for _, stack := range []*spec.Stack{home(t), direct(t), ownCA(t)} {
		for _, r := range registered(t, stack).Resources() {
			if strings.HasPrefix(r.Type, "cloudflare:") && !strings.Contains(r.Request.GetProvider(), "::edge-cloudflare::") {
				t.Errorf("%s: %s goes through %q", stack.Name, r.Name, r.Request.GetProvider())
			}
		}
	}
}

func TestEdgeAccess_ReplacesTheConfigurationOfAnotherTunnel(t *testing.T) {
	got := registered(t, home(t)).Find(t, "edge-tunnel-config").Request.GetReplaceOnChanges()
	if !slices.Equal(got, []string{"tunnelId"}) {
		t.Errorf("is replaced when %v change", got)
	}
}

func TestEdgeAccess_ConfiguresTheTunnelByItsRules(t *testing.T) {
	for _, stack := range []*spec.Stack{home(t), lab(t), ownCA(t)} {
		config := plain(registered(t, stack).Find(t, "edge-tunnel-config"))["config"].(map[string]any)
		var got []tunnel.Rule
		for _, rule := range config["ingressRules"].([]any) {
			in := rule.(map[string]any)
			made := tunnel.Rule{Service: in["service"].(string)}
			made.Host, _ = in["hostname"].(string)
			if origin, ok := in["originRequest"].(map[string]any); ok {
				made.ServerName, _ = origin["originServerName"].(string)
				made.HTTP2, _ = origin["http2Origin"].(bool)
				made.CAPool, _ = origin["caPool"].(string)
			}
			got = append(got, made)
		}
		if want := TunnelRules(stack); !slices.Equal(got, want) {
			t.Errorf("%s: the tunnel has %+v, want %+v", stack.Name, got, want)
		}
	}
}

func TestEdgeAccess_GivesATunnelOfAnotherNameAnotherSecret(t *testing.T) {
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

func TestEdgeAccess_GivesTheClusterATokenForItsZoneAlone(t *testing.T) {
	policies := plain(registered(t, direct(t)).OfType(tokenType)[0])["policies"].([]any)
	resources := policies[0].(map[string]any)["resources"].(map[string]any)
	if len(policies) != 1 || len(resources) != 1 || resources["com.cloudflare.api.account.zone."+theZone] != "*" {
		t.Errorf("may do %v", policies)
	}
}

func TestEdgeAccess_SetsTheZoneUpOnlyWhereTheStackSaysSo(t *testing.T) {
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

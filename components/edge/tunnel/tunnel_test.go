package tunnel_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/home-ops/home-ops/components/edge/tunnel"
)

func TestRules_LeadDomainsAndTheNamesBelowThemToTheGateway(t *testing.T) {
	got := tunnel.Rules(tunnel.Gateway{
		Domains: []string{"example.com", "example.org"}, Service: "https://gateway:443", ServerName: "external.example.com", CAPool: "/ca.crt",
	})
	want := []tunnel.Rule{
		{
			Host: "*.example.com", Service: "https://gateway:443",
			ServerName: "external.example.com", HTTP2: true, CAPool: "/ca.crt",
		},
		{
			Host: "example.com", Service: "https://gateway:443",
			ServerName: "example.com", HTTP2: true, CAPool: "/ca.crt",
		},
		{
			Host: "*.example.org", Service: "https://gateway:443",
			ServerName: "external.example.org", HTTP2: true, CAPool: "/ca.crt",
		},
		{
			Host: "example.org", Service: "https://gateway:443",
			ServerName: "example.org", HTTP2: true, CAPool: "/ca.crt",
		},
		{Service: "http_status:404"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
}

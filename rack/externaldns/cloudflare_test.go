package externaldns

import (
	"net/http/httptest"
	"strings"
	"testing"

	fake "github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/rack/cloudflare/api"
)

func TestCloudflare_KeepsTheRecordsOfAZone(t *testing.T) {
	const token = "a"
	cf := fake.New(fake.Options{Tokens: []string{token}, Zones: []fake.Zone{
		{ID: strings.Repeat("1", 32), Name: "example.com"}, {ID: strings.Repeat("2", 32), Name: "example.net"},
	}})
	server := httptest.NewServer(cf)
	defer server.Close()
	args := &Args{DomainFilters: []string{"example.com"}, Policy: "sync", Owner: "home", Prefix: "k8s."}
	publish := func(endpoints ...Endpoint) {
		t.Helper()
		to := newCloudflare(&api.Client{URL: server.URL + "/client/v4", Token: token}, args)
		if err := Publish(t.Context(), args, endpoints, to); err != nil {
			t.Fatal(err)
		}
	}
	echo := Endpoint{Name: "echo.example.com", Type: "CNAME", Targets: []string{"external.example.com"}, Proxied: true, Resource: "r"}
	// The TXT record of the zone's own name would be in another zone, and is left out.
	apex := Endpoint{Name: "example.com", Type: "CNAME", Targets: []string{"external.example.com"}, Resource: "r"}
	publish(echo, apex)
	if got := cf.Records("example.com"); len(got) != 3 || !got[0].Proxied || got[2].Name != "k8s.cname-echo.example.com" {
		t.Errorf("records are %+v", got)
	}
	echo.Proxied = false
	publish(echo)
	if got := cf.Records("example.com"); len(got) != 3 || got[0].Name != "echo.example.com" || got[0].Proxied {
		t.Errorf("records are %+v", got)
	}
	publish()
	if got := cf.Records("example.com"); len(got) != 1 || got[0].Name != "example.com" {
		t.Errorf("records are %+v", got)
	}
}

package externaldns

import (
	"net/http/httptest"
	"testing"

	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
	fake "github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/rack/cloudflare/api"
)

func TestSimulated_DoesWhatExternalDNSDoes(t *testing.T) {
	hold(t, func(t *testing.T, args []string, routes []*gatewayio.Route, cf *fake.Server) {
		t.Helper()
		server := httptest.NewServer(cf)
		defer server.Close()
		parsed, err := Parse(args)
		if err != nil {
			t.Fatal(err)
		}
		to := newCloudflare(&api.Client{URL: server.URL + "/client/v4", Token: goodToken}, parsed)
		if err := Publish(t.Context(), parsed, Endpoints(parsed, gateways(), routes), to); err != nil {
			t.Fatal(err)
		}
	})
}

package rehearsal

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
)

const gatewayPath = "/apis/gateway.networking.k8s.io/v1/namespaces/network/gateways/internal"

// A gateway that the cluster does not have, or cannot serve, must not look as if it answered.
func TestCertificate_IsThatOfAProgrammedGateway(t *testing.T) {
	const whole = `{kind: Gateway, apiVersion: gateway.networking.k8s.io/v1, metadata: {name: internal, namespace: network}, spec: {listeners: [
		{name: http, protocol: HTTP, port: 80},
		{name: apex, hostname: example.com, protocol: HTTPS, port: 443, tls: {certificateRefs: [{name: of-apex}]}},
		{name: https, hostname: "*.example.com", protocol: HTTPS, port: 443, tls: {certificateRefs: [{name: gateways-tls}]}}]},
		status: {addresses: [{type: IPAddress, value: 10.0.50.101}], conditions: [{type: Programmed, status: "True"}], listeners: [
		{name: https, conditions: [{type: Programmed, status: "True"}, {type: ResolvedRefs, status: "True"}]}]}}`
	replaced := func(old, with string) func(*broken) {
		return func(b *broken) { b.api[gatewayPath] = strings.Replace(whole, old, with, 1) }
	}
	for name, test := range map[string]struct {
		damage func(*broken)
		host   string
		want   string
	}{
		"all is well":                 {func(*broken) {}, "echo.example.com", ""},
		"the name of another one":     {func(*broken) {}, "echo.example.org", "no listener for echo.example.org"},
		"a listener that is not up":   {func(*broken) {}, "example.com", "no listener for example.com"},
		"there is no gateway":         {func(b *broken) { delete(b.api, gatewayPath) }, "echo.example.com", "no internal"},
		"there is no cluster":         {func(b *broken) { b.world.edge.attach(nil) }, "echo.example.com", "no cluster yet"},
		"it is not programmed":        {replaced(`{type: Programmed, status: "True"}`, `{type: Programmed, status: "False"}`), "echo.example.com", "is not programmed"},
		"it has another address":      {replaced("10.0.50.101", "10.0.50.109"), "echo.example.com", "does not have the address 10.0.50.101"},
		"its listener has no secret":  {replaced(`{type: ResolvedRefs, status: "True"}`, `{type: ResolvedRefs, status: "False"}`), "echo.example.com", "no listener"},
		"there is no certificate yet": {replaced("gateways-tls", "not-yet"), "echo.example.com", "no not-yet"},
		"the certificate is none":     {func(b *broken) { served(b, []byte("none"), []byte("none")) }, "echo.example.com", "failed to find any PEM data"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBroken(t)
			b.api[gatewayPath] = whole
			certificate, key := issued(b, time.Hour)
			served(b, certificate, key)
			test.damage(b)
			pair, err := b.world.edge.certificate(t.Context(), "internal", netip.MustParseAddr("10.0.50.101"), test.host)
			switch {
			case test.want == "" && (err != nil || len(pair.Certificate) == 0):
				t.Errorf("no certificate: %v", err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestRequests_TellTheServiceThatTheyCameTo(t *testing.T) {
	b := newBroken(t)
	b.list("/apis/gateway.networking.k8s.io/v1/httproutes", `{kind: HTTPRoute, apiVersion: gateway.networking.k8s.io/v1, `+strings.TrimPrefix(route("echo", "internal", "echo.example.com"), "{"))
	for host, want := range map[string]struct {
		code int
		text string
	}{
		"echo.example.com":  {http.StatusOK, "reached apps/echo"},
		"other.example.com": {http.StatusNotFound, "no route for it"},
	} {
		w := httptest.NewRecorder()
		req := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
		req.Host = host
		b.world.edge.requests("internal").ServeHTTP(w, req)
		if w.Code != want.code || !strings.Contains(w.Body.String(), want.text) {
			t.Errorf("%s: %d %s", host, w.Code, w.Body)
		}
	}
}

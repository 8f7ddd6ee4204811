package outside

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/rack/trust"
)

func TestWorld_AnswersForEachServiceUnderItsName(t *testing.T) {
	authority, err := trust.New()
	if err != nil {
		t.Fatal(err)
	}
	play := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) })
	}
	world := New(authority, map[string]http.Handler{"factory.talos.dev": play("factory"), "quay.io": play("registry")})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- world.Serve(l) }()

	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authority.Pool()},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
		},
	}}
	for host, want := range map[string]string{
		"factory.talos.dev": "200 factory",
		"quay.io":           "200 registry",
		"example.com":       "421 nobody plays example.com in this rehearsal",
	} {
		answer, err := client.Get("https://" + host + "/")
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if got := answer.Status[:4] + string(text); err != nil || !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q, %v; want %q", host, got, err, want)
		}
	}
	if err := world.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

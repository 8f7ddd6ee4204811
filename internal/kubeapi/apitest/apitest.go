// Package apitest serves a Kubernetes API to tests, with a kubeconfig for it.
package apitest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	talosx509 "github.com/siderolabs/crypto/x509"
)

// Serve answers as the handler does, to clients with a certificate, and returns a kubeconfig whose certificate ends
// within the given time.
func Serve(t testing.TB, ends time.Duration, handler http.Handler) (kubeconfig []byte, server *httptest.Server) {
	t.Helper()
	ca, err := talosx509.NewSelfSignedCertificateAuthority(talosx509.ECDSA(true))
	if err != nil {
		t.Fatal(err)
	}
	issue := func(options ...talosx509.Option) *talosx509.KeyPair {
		pair, err := talosx509.NewKeyPair(ca, append(options, talosx509.NotAfter(time.Now().Add(ends)))...)
		if err != nil {
			t.Fatal(err)
		}
		return pair
	}
	clients := x509.NewCertPool()
	clients.AddCert(ca.Crt)
	server = httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{
		Certificates: []tls.Certificate{*issue(talosx509.IPAddresses([]net.IP{net.IPv4(127, 0, 0, 1)})).Certificate},
		ClientCAs:    clients, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS12,
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	client := issue()
	text := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
clusters: [{name: home, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: admin@home, user: {client-certificate-data: %s, client-key-data: %s}}]
contexts: [{name: admin@home, context: {cluster: home, user: admin@home}}]
current-context: admin@home
`, server.URL, text(ca.CrtPEM), text(client.CrtPEM), text(client.KeyPEM)), server
}

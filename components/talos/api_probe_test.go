package talos_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	talosx509 "github.com/siderolabs/crypto/x509"

	"github.com/home-ops/home-ops/components/talos"
)

// apiServer answers /readyz as a Kubernetes API server of the test's cluster, and
// gives the kubeconfig for it.
func apiServer(t *testing.T, readyz http.HandlerFunc) (kubeconfig []byte, server *httptest.Server) {
	t.Helper()
	ca, err := talosx509.NewCertificateAuthorityFromCertificateAndKey(theBundle().Certs.K8s)
	if err != nil {
		t.Fatal(err)
	}
	issue := func() *talosx509.KeyPair {
		pair, err := talosx509.NewKeyPair(ca, talosx509.IPAddresses([]net.IP{net.IPv4(127, 0, 0, 1)}),
			talosx509.NotAfter(time.Now().Add(time.Hour)))
		if err != nil {
			t.Fatal(err)
		}
		return pair
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(theBundle().Certs.K8s.Crt)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", readyz)
	server = httptest.NewUnstartedServer(mux)
	server.TLS = &tls.Config{
		Certificates: []tls.Certificate{*issue().Certificate},
		ClientCAs:    clients, ClientAuth: tls.RequireAndVerifyClientCert,
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
`, server.URL, text(theBundle().Certs.K8s.Crt), text(client.CrtPEM), text(client.KeyPEM)), server
}

func TestWaitForAPI_WaitsUntilTheAPIIsReady(t *testing.T) {
	var asked atomic.Int32
	kubeconfig, _ := apiServer(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			http.Error(w, "[-]etcd failed", http.StatusInternalServerError)
		}
	})
	if err := talos.WaitForAPI(t.Context(), kubeconfig); err != nil || asked.Load() != 2 {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}
}

func TestWaitForAPI_TellsWhyTheAPIIsNotReady(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var asked atomic.Int32
	kubeconfig, server := apiServer(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 2 { // time is up before the second answer
			cancel()
			<-r.Context().Done()
		}
		http.Error(w, "[-]etcd failed", http.StatusInternalServerError)
	})
	err := talos.WaitForAPI(ctx, kubeconfig)
	want := "the Kubernetes API at " + server.URL + " is not ready; see the control planes' consoles and " +
		"`talosctl service`: it is not ready yet: etcd"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestWaitForAPI_RefusesABrokenKubeconfig(t *testing.T) {
	for text, want := range map[string]string{
		"{}": "kubeconfig: has 0 clusters and 0 users, not one of each",
		"clusters: [{cluster: {certificate-authority-data: '*'}}]\nusers: [{}]": "kubeconfig: illegal base64 data at input byte 0",
		"clusters: [{}]\nusers: [{}]":                                           "kubeconfig: client certificate: tls: failed to find any PEM data in certificate input",
	} {
		if err := talos.WaitForAPI(t.Context(), []byte(text)); err == nil || strings.TrimSpace(err.Error()) != want {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

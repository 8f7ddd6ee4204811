package talos_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/home-ops/home-ops/components/talos"
	"github.com/home-ops/home-ops/internal/kubeapi/apitest"
)

// apiServer answers /readyz as an API server does, and gives the kubeconfig for it.
func apiServer(t *testing.T, readyz http.HandlerFunc) (kubeconfig []byte, server *httptest.Server) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", readyz)
	return apitest.Serve(t, time.Hour, mux)
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

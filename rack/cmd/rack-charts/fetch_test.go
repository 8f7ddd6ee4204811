package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"

	"github.com/home-ops/home-ops/rack/charts/lock"
	"github.com/home-ops/home-ops/rack/registry"
)

// archive is a package as far as a repository looks.
var archive = []byte("package of app")

// world serves a registry and a classic repository at real names, and is a client of them.
func world(t *testing.T, repository http.Handler, registries http.Handler) *http.Client {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == "charts.example.org" {
			repository.ServeHTTP(w, r)
			return
		}
		registries.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the test's own server, under another name
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
		},
	}}
}

// classicWith is a repository whose index names a digest for the package of app 1.0.0.
func classicWith(digest string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stable/index.yaml", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "apiVersion: v1\nentries:\n  app:\n  - name: app\n    version: 1.0.0\n    digest: "+digest+"\n    urls: [files/app.tgz]\n")
	})
	mux.HandleFunc("GET /stable/files/app.tgz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(archive) })
	return mux
}

func TestFetch_TakesPackagesOutOfRepositories(t *testing.T) {
	dir := t.TempDir()
	entries := []lock.Entry{{Place: "https://charts.example.org/stable/app", Version: "1.0.0", Verified: "here"}}
	if err := fetchAll(entries, dir, world(t, classicWith(""), http.NotFoundHandler()), io.Discard); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "app-1.0.0.tgz"))
	if err != nil || !bytes.Equal(got, archive) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestFetch_RefusesWhatIsNotWhatTheIndexOrTheLockSays(t *testing.T) {
	entry := lock.Entry{Place: "https://charts.example.org/stable/app", Version: "1.0.0", Verified: "here"}
	dir := t.TempDir()
	err := fetchAll([]lock.Entry{entry}, dir, world(t, classicWith(strings.Repeat("a", 64)), http.NotFoundHandler()), io.Discard)
	if err == nil || !strings.HasSuffix(err.Error(), "and "+strings.Repeat("a", 64)+" in the index") {
		t.Errorf("another digest in the index: %v", err)
	}
	entry.SHA256 = strings.Repeat("b", 64)
	err = fetchAll([]lock.Entry{entry}, dir, world(t, classicWith(""), http.NotFoundHandler()), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "and "+entry.SHA256+" in rack/charts/lock/lock.yaml (here)") {
		t.Errorf("another digest in the lock: %v", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("it left %v behind", files)
	}
}

func TestFetch_TakesPackagesOutOfRegistries(t *testing.T) {
	file, err := chartutil.Save(&chart.Chart{Metadata: &chart.Metadata{APIVersion: "v2", Name: "app", Version: "1.0.0"}}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		t.Fatal(err)
	}
	registries := registry.New("ghcr.io")
	if err := registries.AddChart("ghcr.io", "someone/charts/app:1.0.0", want); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	entry := lock.Entry{Place: "oci://ghcr.io/someone/charts/app", Version: "1.0.0", Verified: "here"}
	if err := fetchAll([]lock.Entry{entry}, dir, world(t, http.NotFoundHandler(), registries), io.Discard); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "app-1.0.0.tgz")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("another package came (%v)", err)
	}
	// What is there already is not fetched again.
	if err := fetchAll([]lock.Entry{entry}, dir, world(t, http.NotFoundHandler(), http.NotFoundHandler()), io.Discard); err != nil {
		t.Error(err)
	}
}

func TestFetch_TriesEveryChart(t *testing.T) {
	dir := t.TempDir()
	err := fetchAll([]lock.Entry{
		{Place: "oci://ghcr.io/nobody/charts/gone", Version: "2.0.0", Verified: "here"},
		{Place: "https://charts.example.org/stable/app", Version: "1.0.0", Verified: "here"},
	}, dir, world(t, classicWith(""), registry.New("ghcr.io")), io.Discard)
	if err == nil || !strings.HasPrefix(err.Error(), "oci://ghcr.io/nobody/charts/gone 2.0.0: ") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "app-1.0.0.tgz")); err != nil {
		t.Error(err)
	}
}

package registry

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	helmregistry "helm.sh/helm/v3/pkg/registry"

	"github.com/home-ops/home-ops/rack/trust"
)

func archive(t *testing.T, name, version string) []byte {
	t.Helper()
	path, err := chartutil.Save(&chart.Chart{Metadata: &chart.Metadata{APIVersion: "v2", Name: name, Version: version}}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRegistry_ServesChartsToHelmUnderRealNames(t *testing.T) {
	authority, err := trust.New()
	if err != nil {
		t.Fatal(err)
	}
	r := New("quay.io")
	want := archive(t, "cilium", "1.18.2")
	if err := r.AddChart("quay.io", "cilium/charts/cilium:1.18.2", want); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = r.Serve(l, authority.ServerConfig()) }()
	defer r.Close()

	client, err := helmregistry.NewClient(helmregistry.ClientOptHTTPClient(&http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: authority.Pool()},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
		},
	}}))
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.Pull("quay.io/cilium/charts/cilium:1.18.2")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Chart.Data, want) {
		t.Error("another chart came back")
	}
	if _, err := client.Pull("quay.io/cilium/charts/cilium:1.18.3"); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("a version that is not there: got %v", err)
	}
	if _, err := client.Push(want, "quay.io/cilium/charts/cilium:1.18.2"); err == nil {
		t.Error("the program could write to the registry")
	}
}

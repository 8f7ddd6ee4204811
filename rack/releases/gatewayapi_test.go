package releases

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/home-ops/home-ops/components/cilium/gatewayapi"
)

func TestGatewayAPI_ServesWhatTheProgramAsksFor(t *testing.T) {
	dir := t.TempDir()
	definition := "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: gateways.gateway.networking.k8s.io\n"
	for _, file := range []string{"gateway-api-standard/a.yaml", "gateway-api-standard/b.yaml", "gateway-api-experimental/a.yaml"} {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(definition), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	handler, err := GatewayAPI(dir, "v1.4.1")
	if err != nil {
		t.Fatal(err)
	}
	get := func(address string) *httptest.ResponseRecorder {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, u.Path, nil))
		return w
	}
	w := get(gatewayapi.URL("v1.4.1", "standard"))
	objects, err := gatewayapi.Parse(w.Body.Bytes())
	if err != nil || len(objects) != 2 {
		t.Errorf("%d objects, %v", len(objects), err)
	}
	if w := get(gatewayapi.URL("v1.4.2", "standard")); w.Code != http.StatusNotFound {
		t.Errorf("another release: %d", w.Code)
	}
}

func TestGatewayAPI_WantsDefinitions(t *testing.T) {
	_, err := GatewayAPI("/nowhere", "v1.4.1")
	if want := "release v1.4.1 of the Gateway API: /nowhere/gateway-api-standard holds no definition"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

package upstream_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"

	"github.com/home-ops/home-ops/components/cilium/gatewayapi"
	"github.com/home-ops/home-ops/rack/upstream"
)

func TestCilium_ArchiveIsTheChart(t *testing.T) {
	version := everything(t).Versions.Cilium
	archive, err := release(t, version).Archive()
	if err != nil {
		t.Fatal(err)
	}
	chart, err := loader.LoadArchive(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	if chart.Metadata.Name != "cilium" || chart.Metadata.Version != version.Bare() {
		t.Errorf("it is %s %s, want cilium %s", chart.Metadata.Name, chart.Metadata.Version, version)
	}
}

func TestGatewayReleases_AnswerWhereTheProgramAsks(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads the Gateway API's module")
	}
	release := everything(t).Versions.GatewayAPI
	for address, want := range map[string]int{
		gatewayapi.URL(release, "standard"):     http.StatusOK,
		gatewayapi.URL(release, "imaginary"):    http.StatusNotFound,
		gatewayapi.URL("v0.0.1-no", "standard"): http.StatusNotFound,
	} {
		parsed, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		upstream.GatewayReleases().ServeHTTP(w, httptest.NewRequest(http.MethodGet, parsed.Path, nil))
		if w.Code != want {
			t.Errorf("%s answers %d, want %d: %s", address, w.Code, want, w.Body)
		}
		if _, err := gatewayapi.Parse(w.Body.Bytes()); want == http.StatusOK && err != nil {
			t.Error(err)
		}
	}
}

func TestModule_SaysWhatIsMissing(t *testing.T) {
	t.Setenv("GOPROXY", "off")
	_, err := upstream.Module(t.Context(), "github.com/cilium/cilium", "v0.0.1-no")
	want := "module github.com/cilium/cilium v0.0.1-no: "
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v, want %s...", err, want)
	}
}

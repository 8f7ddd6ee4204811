package upstream

import (
	"net/http"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// GatewayReleases answers as github.com does for the manifests of the Gateway
// API's releases. In a sealed room it has those that the module cache holds.
func GatewayReleases() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /kubernetes-sigs/gateway-api/releases/download/{tag}/{file}", func(w http.ResponseWriter, r *http.Request) {
		channel, known := strings.CutSuffix(r.PathValue("file"), "-install.yaml")
		if !known {
			http.NotFound(w, r)
			return
		}
		manifest, err := GatewayAPI(r.Context(), spec.Version(r.PathValue("tag")), spec.GatewayChannel(channel))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_, _ = w.Write(manifest)
	})
	return mux
}

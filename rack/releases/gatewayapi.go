// Package releases is the part of github.com that the program downloads from.
package releases

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"

	"github.com/home-ops/home-ops/components/cilium/gatewayapi"
	"github.com/home-ops/home-ops/spec"
)

// GatewayAPI serves the manifest of one release of the Gateway API, in each of its channels, made of the definitions
// that lie in folders gateway-api-CHANNEL of dir.
func GatewayAPI(dir string, release spec.Version) (http.Handler, error) {
	mux := http.NewServeMux()
	for _, channel := range spec.GatewayChannel("").Values() {
		manifest, err := join(filepath.Join(dir, "gateway-api-"+channel))
		if err != nil {
			return nil, fmt.Errorf("release %s of the Gateway API: %w", release, err)
		}
		asset := gatewayapi.Asset(release, spec.GatewayChannel(channel))
		mux.HandleFunc("GET "+asset, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/octet-stream")
			_, _ = w.Write(manifest)
		})
	}
	return mux, nil
}

// join makes one YAML stream of a folder's files.
func join(dir string) ([]byte, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no definition", dir)
	}
	slices.Sort(files)
	var documents [][]byte
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		documents = append(documents, bytes.TrimPrefix(bytes.TrimSpace(text), []byte("---\n")))
	}
	return append(bytes.Join(documents, []byte("\n---\n")), '\n'), nil
}

package upstream

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/home-ops/home-ops/spec"
)

// GatewayAPI is the manifest of a release's channel: the files that the release's
// own manifest is put together from.
func GatewayAPI(ctx context.Context, release spec.Version, channel spec.GatewayChannel) ([]byte, error) {
	dir, err := Module(ctx, "sigs.k8s.io/gateway-api", "v"+release.Bare())
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "config", "crd", string(channel), "gateway.networking.*.yaml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("the Gateway API %s has no channel %s", release, channel)
	}
	var manifest bytes.Buffer
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		manifest.WriteString("---\n")
		manifest.Write(content)
	}
	return manifest.Bytes(), nil
}

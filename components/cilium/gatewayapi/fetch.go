package gatewayapi

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/home-ops/home-ops/spec"
)

// maxSize is far above the largest release, 1 MB, and far below what would hurt.
const maxSize = 32 << 20

// Source gives the kinds of a release.
type Source func(ctx context.Context, release spec.Version, channel spec.GatewayChannel) ([]Object, error)

// URL is the manifest of a release's channel.
func URL(release spec.Version, channel spec.GatewayChannel) string {
	return "https://github.com" + Asset(release, channel)
}

// Asset is the manifest's path at github.com.
func Asset(release spec.Version, channel spec.GatewayChannel) string {
	return fmt.Sprintf("/kubernetes-sigs/gateway-api/releases/download/v%s/%s-install.yaml", release.Bare(), channel)
}

// Fetch is the Source that downloads the release's manifest. A manifest that was
// downloaded before is taken from the user's cache: a published release does not
// change, and a preview should not depend on one more server.
func Fetch(ctx context.Context, release spec.Version, channel spec.GatewayChannel) ([]Object, error) {
	url := URL(release, channel)
	cached := cachePath(release, channel)
	if data, err := os.ReadFile(cached); err == nil {
		if objects, err := Parse(data); err == nil {
			return objects, nil
		}
	}
	data, err := download(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("kinds of the Gateway API %s: %w; see versions.gatewayAPI in the stack file", release, err)
	}
	objects, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	keep(cached, data)
	return objects, nil
}

func download(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", url, response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	if len(data) > maxSize {
		return nil, fmt.Errorf("%s is larger than %d bytes", url, maxSize)
	}
	return data, nil
}

// cachePath is where a release is kept, or empty on a machine without a cache.
func cachePath(release spec.Version, channel spec.GatewayChannel) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "home-ops", "gateway-api", fmt.Sprintf("v%s-%s.yaml", release.Bare(), channel))
}

// keep writes the cache. A cache that cannot be written is no reason to fail.
func keep(path string, data []byte) {
	if path == "" || os.MkdirAll(filepath.Dir(path), 0o755) != nil {
		return
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "download-*")
	if err != nil {
		return
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	_, err = temporary.Write(data)
	if closeErr := temporary.Close(); err == nil && closeErr == nil {
		_ = os.Rename(temporary.Name(), path)
	}
}

// Groups are the API groups of which a release holds kinds.
func Groups() []string { return []string{"gateway.networking.k8s.io", "gateway.networking.x-k8s.io"} }

package gitops

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Manifests is the artifact that the operator pulls when a FluxInstance names one,
// oci://ghcr.io/controlplaneio-fluxcd/flux-operator-manifests: the distribution as its only layer.
func Manifests(distribution string) (v1.Image, error) {
	var archive bytes.Buffer
	compressed := gzip.NewWriter(&archive)
	files := tar.NewWriter(compressed)
	if err := files.AddFS(os.DirFS(distribution)); err != nil {
		return nil, fmt.Errorf("flux manifests: %w", err)
	}
	if err := files.Close(); err != nil {
		return nil, fmt.Errorf("flux manifests: %w", err)
	}
	if err := compressed.Close(); err != nil {
		return nil, fmt.Errorf("flux manifests: %w", err)
	}
	layer := static.NewLayer(archive.Bytes(), types.DockerLayer)
	return mutate.AppendLayers(empty.Image, layer)
}

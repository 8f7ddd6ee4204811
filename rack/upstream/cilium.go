package upstream

import (
	"context"
	"path/filepath"

	"github.com/home-ops/home-ops/spec"
)

// Cilium is the content of a release of Cilium.
type Cilium struct{ dir string }

// FindCilium finds a release of Cilium.
func FindCilium(ctx context.Context, release spec.Version) (Cilium, error) {
	dir, err := Module(ctx, "github.com/cilium/cilium", "v"+release.Bare())
	return Cilium{dir}, err
}

// Chart is the folder of the chart, the same that the chart registry has.
func (c Cilium) Chart() string { return filepath.Join(c.dir, "install", "kubernetes", "cilium") }

// Kinds are the files of the kinds that Cilium's operator installs when it starts.
func (c Cilium) Kinds() ([]string, error) {
	return filepath.Glob(filepath.Join(c.dir, "pkg", "k8s", "apis", "cilium.io", "client", "crds", "*", "*.yaml"))
}

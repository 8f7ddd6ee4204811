package upstream

import (
	"fmt"
	"os"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
)

// Archive is the chart as `helm package` makes it, for a registry.
func (c Cilium) Archive() ([]byte, error) {
	chart, err := loader.LoadDir(c.Chart())
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", c.Chart(), err)
	}
	dir, err := os.MkdirTemp("", "chart-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file, err := chartutil.Save(chart, dir)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", c.Chart(), err)
	}
	return os.ReadFile(file)
}

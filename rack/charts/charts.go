// Package charts holds stand-ins for the Helm charts that a stack and its tree install. A chart here has the
// workloads, services, service accounts and kinds of the genuine one, under their real names and labels, for those are
// what others depend on; it is written for the rack, and has nothing else of the genuine one. Who watches the kinds is
// simulated elsewhere or not at all. Every object says what it is with the annotation rack.home-ops/stand-in.
package charts

import (
	"fmt"

	"github.com/home-ops/home-ops/spec"
)

// Chart is a packaged chart and where the program finds it.
type Chart struct {
	// Host is the registry.
	Host string
	// Repository is the place in it, with the version as its tag.
	Repository string
	// Archive is the chart as `helm package` writes it; the same for the same versions and definitions.
	Archive []byte
}

// All are the charts in OCI registries whose versions a stack decides. The definitions that some of them carry are read
// from crdDir, where rack/crds has written them.
func All(v spec.Versions, crdDir string) ([]Chart, error) {
	var all []Chart
	for _, r := range registryCharts {
		if r.version == nil {
			continue
		}
		c, err := r.packaged(r.version(v), crdDir)
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// packaged is the chart in one version.
func (r row) packaged(version spec.Version, crdDir string) (Chart, error) {
	archive, err := r.archive(version, crdDir)
	if err != nil {
		return Chart{}, fmt.Errorf("chart %s: %w", r.name, err)
	}
	return Chart{Host: r.host, Repository: fmt.Sprintf("%s/%s:%s", r.path, r.name, version), Archive: archive}, nil
}

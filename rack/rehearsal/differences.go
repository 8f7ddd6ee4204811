package rehearsal

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/rack/charts"
	"github.com/home-ops/home-ops/rack/charts/facts"
	"github.com/home-ops/home-ops/rack/fluxparts"
	"github.com/home-ops/home-ops/rack/genuine"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/rack/room"
	"github.com/home-ops/home-ops/spec"
)

// differences are the programs that run in another version than the stack's machines and charts would run.
func differences(config *room.Config, stack *spec.Stack) ([]report.Part, error) {
	flux, err := fluxImages(config.Flux.Distribution, stack.Versions.Flux)
	if err != nil {
		return nil, err
	}
	var parts []report.Part
	add := func(name, runs, wanted string) {
		if runs != wanted {
			parts = append(parts, report.Part{Name: fmt.Sprintf("%s %s instead of %s", name, runs, wanted), Kind: report.StandIn})
		}
	}
	kubernetes, etcd := string(stack.Cluster.KubernetesVersion), room.EtcdOf(stack.Cluster.TalosVersion)
	add("Kubernetes", config.ControlPlanes.Of(kubernetes).Version, kubernetes)
	add("etcd", config.Etcds.Of(etcd).Version, etcd)
	for _, name := range slices.Sorted(maps.Keys(flux)) {
		add(name, config.Flux.Versions[name], flux[name])
	}
	return parts, nil
}

// genuineDifferences are the programs in place of simulated operators that run in another version than the charts would run.
func genuineDifferences(built *genuine.Built, all []charts.Chart) ([]report.Part, error) {
	if built == nil {
		return nil, nil
	}
	var parts []report.Part
	for _, c := range all {
		program := genuine.OfChart(c.Name())
		runs, ok := built.Versions[program]
		if !ok {
			continue
		}
		known, err := facts.Of(c.Name(), c.Version)
		if err != nil {
			return nil, err
		}
		if wanted := "v" + strings.TrimPrefix(known.AppVersion, "v"); runs != wanted {
			parts = append(parts, report.Part{Name: fmt.Sprintf("%s %s instead of %s", program, runs, wanted), Kind: report.StandIn})
		}
	}
	return parts, nil
}

// fluxImages are the versions of Flux's controllers in a release of Flux, by their names, as the operator's distribution
// has them.
func fluxImages(distribution string, release spec.Version) (map[string]string, error) {
	file := filepath.Join(distribution, "flux-images", string(release), "upstream-alpine.yaml")
	content, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		return nil, fmt.Errorf("the images of Flux %s: %w", release, err)
	}
	var read struct {
		Images []struct{ Name, NewTag string }
	}
	if err := yaml.Unmarshal(content, &read); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	versions := map[string]string{}
	for _, image := range read.Images {
		name := image.Name[strings.LastIndex(image.Name, "/")+1:]
		if slices.Contains(fluxparts.Controllers(), name) {
			versions[name] = image.NewTag
		}
	}
	return versions, nil
}

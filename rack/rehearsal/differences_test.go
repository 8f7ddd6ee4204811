package rehearsal

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/home-ops/home-ops/rack/charts"
	"github.com/home-ops/home-ops/rack/charts/facts"
	"github.com/home-ops/home-ops/rack/charts/lock"
	"github.com/home-ops/home-ops/rack/fluxparts"
	"github.com/home-ops/home-ops/rack/genuine"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/rack/room"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestDifferences_NamesWhatRunsInAnotherVersion(t *testing.T) {
	stack := spectest.Home(t)
	distribution := t.TempDir()
	dir := filepath.Join(distribution, "flux-images", string(stack.Versions.Flux))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	images := `images:
- {name: ghcr.io/fluxcd/source-controller, newTag: v1.6.2}
- {name: ghcr.io/fluxcd/image-reflector-controller, newTag: v0.35.2}
`
	if err := os.WriteFile(filepath.Join(dir, "upstream-alpine.yaml"), []byte(images), 0o600); err != nil {
		t.Fatal(err)
	}
	config := &room.Config{
		ControlPlanes: room.Releases{{Version: string(stack.Cluster.KubernetesVersion)}},
		Etcds:         room.Releases{{Version: room.EtcdOf(stack.Cluster.TalosVersion)}},
		Flux:          fluxparts.Built{Distribution: distribution, Versions: map[string]string{"source-controller": "v1.6.2"}},
	}
	if parts, err := differences(config, stack); err != nil || len(parts) != 0 {
		t.Errorf("everything is as in the house: %v, %v", parts, err)
	}

	config.ControlPlanes[0].Version, config.Etcds[0].Version, config.Flux.Versions["source-controller"] = "v1.33.1", "v3.5.1", "v1.7.3"
	got, err := differences(config, stack)
	if err != nil {
		t.Fatal(err)
	}
	want := []report.Part{
		{Name: "Kubernetes v1.33.1 instead of v1.34.1", Kind: report.StandIn},
		{Name: "etcd v3.5.1 instead of v3.6.4", Kind: report.StandIn},
		{Name: "source-controller v1.7.3 instead of v1.6.2", Kind: report.StandIn},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}

	stack.Versions.Flux = "v9.9.9"
	if _, err := differences(config, stack); err == nil {
		t.Error("nobody knows the images of Flux v9.9.9")
	}
}

func TestGenuineDifferences_NamesTheProgramsOfOtherVersionsThanTheCharts(t *testing.T) {
	t.Parallel()
	chart := func(name, version string) charts.Chart {
		return charts.Chart{Entry: lock.Entry{Place: "oci://example.com/" + name, Version: version}}
	}
	all := []charts.Chart{
		chart("external-dns", "1.19.0"), chart("external-secrets", "0.20.1"), chart("reloader", "2.2.16"), chart("cilium", "1.20.2"),
	}
	built := &genuine.Built{Versions: map[string]string{"external-dns": "v0.19.0", "external-secrets": "v0.20.1", "cilium-operator": "v1.20.2"}}
	if parts, err := genuineDifferences(built, all); err != nil || len(parts) != 0 {
		t.Errorf("they are as in the house: %v, %v", parts, err)
	}
	if parts, err := genuineDifferences(nil, all); err != nil || len(parts) != 0 {
		t.Errorf("none is there: %v, %v", parts, err)
	}
	all[1] = chart("external-secrets", "2.9.0")
	got, err := genuineDifferences(built, all)
	want := []report.Part{{Name: "external-secrets v0.20.1 instead of v2.9.0", Kind: report.StandIn}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	built.Versions["cilium-operator"] = "v1.20.1"
	got, err = genuineDifferences(built, all)
	want = append(want, report.Part{Name: "cilium-operator v1.20.1 instead of v1.20.2", Kind: report.StandIn})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	all[1] = chart("external-secrets", "9.9.9")
	if _, err := genuineDifferences(built, all); err == nil {
		t.Error("nobody knows what External Secrets 9.9.9 installs")
	}
}

// Both samples have the Deployments that the programs are the processes of.
func TestGenuine_RunAsDeploymentsOfTheCharts(t *testing.T) {
	t.Parallel()
	r := &rack{dir: t.TempDir()}
	w := &world{config: &room.Config{Dir: t.TempDir(), Genuine: &genuine.Built{}}}
	for _, options := range r.genuine(w, nil, slog.New(slog.DiscardHandler)) {
		for deployment, program := range options.Programs {
			chart := genuine.Chart(program.Binary)
			versions := facts.Versions(chart)
			if len(versions) == 0 {
				t.Errorf("there are no facts of chart %s", chart)
			}
			for _, version := range versions {
				known, err := facts.Of(chart, version)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.ContainsFunc(known.Releases, func(release facts.Release) bool {
					return release.Namespace == options.Namespace && slices.ContainsFunc(release.Workloads, func(w facts.Workload) bool {
						return w.Kind == "Deployment" && w.Name == deployment
					})
				}) {
					t.Errorf("chart %s %s has no Deployment %s/%s", chart, version, options.Namespace, deployment)
				}
			}
		}
	}
}

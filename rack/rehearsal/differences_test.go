package rehearsal

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/home-ops/home-ops/rack/fluxparts"
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

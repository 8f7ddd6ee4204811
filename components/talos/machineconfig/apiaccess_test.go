package machineconfig_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config/configloader"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestBuild_GivesTalosAPIAccessToWhatTheTreeLetsReachIt(t *testing.T) {
	policies, err := filepath.Glob("../../../kubernetes/apps/*/namespace/talos-api.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, policy := range policies {
		want = append(want, filepath.Base(filepath.Dir(filepath.Dir(policy))))
	}
	stack := spectest.Home(t)
	for _, node := range stack.Nodes {
		raw, err := machineconfig.Build(stack, node, machineconfig.Placeholder(stack))
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := configloader.NewFromBytes(raw)
		if err != nil {
			t.Fatal(err)
		}
		access := cfg.K8sTalosAPIAccessConfig()
		if (access != nil) != node.IsControlPlane() {
			t.Errorf("%s: enabled = %t", node.Name, access != nil)
		}
		if access == nil {
			continue
		}
		if got := slices.Sorted(slices.Values(access.AllowedKubernetesNamespaces())); !slices.Equal(got, want) {
			t.Errorf("%s: namespaces %v, but %v have a network policy talos-api", node.Name, got, want)
		}
	}
}

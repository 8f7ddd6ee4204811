package roll

import (
	"slices"
	"strings"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config/configloader"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// The kubelet's image is in the main document up to contract v1.13, in one of its own afterwards.
func TestWithKubelet_HoldsTheKubeletAloneUnderEveryContract(t *testing.T) {
	for _, contract := range []spec.Version{"v1.11", "v1.14"} {
		stack := spectest.Lab(t)
		stack.Cluster.TalosVersion, stack.Cluster.TalosContract, stack.Cluster.KubernetesVersion = "v1.14.1", contract, "v1.35.4"
		raw, err := machineconfig.Build(stack, stack.Nodes[0], machineconfig.Placeholder(stack))
		if err != nil {
			t.Fatal(err)
		}
		held, err := withKubelet(raw, "v1.34.1")
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := configloader.NewFromBytes(held)
		if err != nil {
			t.Fatal(err)
		}
		images := imagesOf(cfg, true)
		for i, name := range []string{"/kubelet:v1.34.1", "/kube-apiserver:v1.35.4", "/kube-controller-manager:v1.35.4", "/kube-scheduler:v1.35.4"} {
			if len(images) != 4 || !strings.HasSuffix(images[i], name) {
				t.Errorf("contract %s: image %d of %v is not %s", contract, i, images, name)
			}
		}
		if restored, err := withKubelet(held, "v1.35.4"); err != nil || !slices.Equal(restored, raw) {
			t.Errorf("contract %s: more than the kubelet's image was changed: %v", contract, err)
		}
	}
}

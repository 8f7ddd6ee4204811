package machineconfig_test

import (
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config/configloader"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// The word is read back from a machine's config, whatever form that has.
func TestBuild_KeepsTheWordOfAReinstall(t *testing.T) {
	for _, stack := range []*spec.Stack{spectest.Home(t), spectest.Lab(t)} {
		node := stack.Nodes[0]
		node.Reinstall, node.Annotations = "again", map[string]string{"example.com/rack": "r1"}
		raw, err := machineconfig.Build(stack, node, machineconfig.Placeholder(stack))
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := configloader.NewFromBytes(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := cfg.K8sNodeConfig().Annotations(); len(got) != 2 || got["home-ops/reinstall"] != "again" || got["example.com/rack"] != "r1" {
			t.Errorf("%s: %v", stack.Name, got)
		}
		if len(node.Annotations) != 1 {
			t.Errorf("%s: the node's own annotations became %v", stack.Name, node.Annotations)
		}
	}
}

package machineconfig_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
)

// Every difference between two contracts is a known one, for every shape of node.
func TestCompareContracts_TellsTheGoldenDifferences(t *testing.T) {
	bundle, err := secrets.NewBundle(secrets.NewClock(), config.TalosVersion1_11)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, file := range stackFiles(t) {
		stack := loadStack(t, file)
		// The lab is of today's contract; it is taken through the older ones as if it had been made with the first.
		if stack.Name == "lab" {
			stack.Cluster.TalosContract = "v1.11"
		}
		if stack.Cluster.TalosContract != "v1.11" {
			continue
		}
		stack.Cluster.TalosVersion, stack.Cluster.KubernetesVersion = "v1.14.1", "v1.36.4"
		with := machineconfig.Placeholder(stack)
		with.Bundle = bundle
		for _, step := range []spec.Version{"v1.12", "v1.13", "v1.14"} {
			for _, node := range stack.Nodes {
				differences, err := machineconfig.CompareContracts(stack, node, step, with)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&got, "%s/%s from %s to %s:\n", stack.Name, node.Name, stack.Cluster.TalosContract, step)
				for _, d := range differences {
					if d.Effect == "" {
						t.Errorf("%s/%s to %s: unknown difference\n%s:\n- %s\n+ %s", stack.Name, node.Name, step, d.Setting, d.Before, d.After)
					}
					fmt.Fprintf(&got, "  %s: %q to %q\n", d.Setting, d.Before, d.After)
				}
			}
			stack.Cluster.TalosContract = step
		}
	}
	golden.Check(t, "contracts.txt", []byte(got.String()))
}

// A setting that a contract would lose is told, not passed over.
func TestCompareContracts_TellsOfWhatIsLost(t *testing.T) {
	stack := loadStack(t, "../../../spec/spectest/testdata/Pulumi.home.yaml")
	stack.Cluster.TalosVersion = "v1.14.1"
	node := stack.Nodes[0]
	// A patch of the main document that contract v1.14 has another place for.
	node.Patches = []map[string]any{{"machine": map[string]any{"network": map[string]any{"searchDomains": []any{"example.com"}}}}}
	differences, err := machineconfig.CompareContracts(stack, node, "v1.13", machineconfig.Placeholder(stack))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		if d.Effect == "" {
			t.Errorf("%+v", d)
		}
	}
	if _, err := machineconfig.CompareContracts(stack, node, "v1.14", machineconfig.Placeholder(stack)); err == nil ||
		!strings.Contains(err.Error(), "searchDomains") {
		t.Errorf("a patch that conflicts with a document: %v", err)
	}
}

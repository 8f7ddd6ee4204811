package secretstore_test

import (
	"testing"

	"github.com/home-ops/home-ops/components/secretstore"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// planned is the plan of a stack.
func planned(t *testing.T, stack *spec.Stack) plan.Steps {
	t.Helper()
	steps, err := secretstore.Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

func TestPlan_MatchesTheGoldens(t *testing.T) {
	for _, stack := range stacks(t) {
		t.Run(stack.Name, func(t *testing.T) {
			golden.Plan(t, "plan/"+stack.Name+".yaml", planned(t, stack))
		})
	}
}

// One replica of each workload runs, and External Secrets has no budget that would keep
// the node from being drained.
func TestPlan_MatchesTheGoldenOfASingleNode(t *testing.T) {
	one := spectest.Lab(t)
	one.Nodes, one.Secrets.OnePassword.ConnectHost = one.Nodes[:1], ""
	golden.Plan(t, "plan/one-node.yaml", planned(t, one))
}

func TestPlan_IsEmptyWithoutAVault(t *testing.T) {
	stack := spectest.Home(t)
	stack.Secrets.OnePassword = nil
	if steps := planned(t, stack); len(steps) > 0 {
		t.Errorf("%d steps", len(steps))
	}
}

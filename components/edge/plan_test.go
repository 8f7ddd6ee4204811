package edge

import (
	"testing"

	"github.com/home-ops/home-ops/internal/golden"
)

func TestPlan_MatchesTheGoldens(t *testing.T) {
	for _, stack := range stacks(t) {
		t.Run(stack.Name, func(t *testing.T) {
			steps, err := Plan(stack)
			if err != nil {
				t.Fatal(err)
			}
			golden.Plan(t, "plan/"+stack.Name+".yaml", steps)
		})
	}
}

func TestPlan_IsEmptyWithoutGateways(t *testing.T) {
	stack := home(t)
	stack.Edge.Gateways.Internal, stack.Edge.Gateways.External = nil, nil
	if steps, err := Plan(stack); err != nil || steps != nil {
		t.Errorf("%d steps, %v", len(steps), err)
	}
}

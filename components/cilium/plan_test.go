package cilium

import (
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec/spectest"
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

func TestPlan_HasNoKindsOfGatewaysWhereThereAreNone(t *testing.T) {
	stack := spectest.Home(t)
	stack.Cilium.GatewayAPI.Enabled = false
	steps, err := Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	if first := steps[0]; first.Name != stepRelease || len(first.After) > 0 {
		t.Errorf("begins with %s, after %v", first.Name, first.After)
	}
}

func TestPlan_SaysWhereTheSecretsGoAndNotWhatTheyAre(t *testing.T) {
	steps, err := Plan(dual(t))
	if err != nil {
		t.Fatal(err)
	}
	text, err := steps.YAML()
	if want := "password: <bgp-password op://lab/bgp/password>"; err != nil || !strings.Contains(string(text), want) {
		t.Errorf("no %q in the plan: %v", want, err)
	}
}

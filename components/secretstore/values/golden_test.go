package values_test

import (
	"testing"

	"github.com/home-ops/home-ops/components/secretstore/objects"
	"github.com/home-ops/home-ops/components/secretstore/values"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
)

func TestValues_MatchTheGoldens(t *testing.T) {
	for _, name := range []string{"home", "lab"} {
		stack, problems := spec.LoadFile("../../../Pulumi." + name + ".yaml")
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		operator, err := values.ExternalSecrets(stack)
		if err != nil {
			t.Fatal(err)
		}
		golden.Documents(t, name+"-external-secrets.yaml", operator)
		if !objects.InCluster(stack) {
			continue
		}
		connect, err := values.Connect(stack)
		if err != nil {
			t.Fatal(err)
		}
		golden.Documents(t, name+"-connect.yaml", connect)
	}
}

func TestExternalSecrets_LetsTheOnlyNodeBeDrained(t *testing.T) {
	stack := &spec.Stack{Nodes: []spec.Node{{Name: "only", Role: spec.RoleWorker}}}
	all, err := values.ExternalSecrets(stack)
	if err != nil {
		t.Fatal(err)
	}
	if all["replicaCount"] != 1 || all["podDisruptionBudget"].(map[string]any)["enabled"] != false {
		t.Errorf("%v replicas, budget %v", all["replicaCount"], all["podDisruptionBudget"])
	}
}

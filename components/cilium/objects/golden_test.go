package objects_test

import (
	"path/filepath"
	"testing"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/components/cilium/objects"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// stacks are the fixture and every stack of the project.
func stacks(t *testing.T) []*spec.Stack {
	t.Helper()
	paths, err := filepath.Glob("../../../Pulumi.*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []*spec.Stack
	for _, path := range append(paths, fixture) {
		out = append(out, spectest.Load(t, path))
	}
	return out
}

// fixture is a stack with both families, BGP with passwords, and the policy baseline.
const fixture = "../testdata/Pulumi.dual.yaml"

func plan(t *testing.T, stack *spec.Stack) *bgp.Plan {
	t.Helper()
	p, err := bgp.New(stack)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFor_MatchesTheGoldens(t *testing.T) {
	for _, stack := range stacks(t) {
		t.Run(stack.Name, func(t *testing.T) {
			var bodies []any
			for _, object := range objects.For(stack, plan(t, stack)).All() {
				bodies = append(bodies, object.Body)
			}
			golden.Objects(t, stack.Name+".yaml", bodies...)
		})
	}
}

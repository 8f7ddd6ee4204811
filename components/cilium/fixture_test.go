package cilium

import (
	"testing"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// dual is a stack with both families, BGP with passwords, and the policy baseline.
func dual(t testing.TB) *spec.Stack { return spectest.Load(t, "testdata/Pulumi.dual.yaml") }

// rack is a stack whose nodes and routers each have something of their own in BGP.
func rack(t testing.TB) *spec.Stack { return spectest.Load(t, "testdata/Pulumi.rack.yaml") }

// stacks are every stack that the tests of this package rest on.
func stacks(t testing.TB) []*spec.Stack {
	return []*spec.Stack{spectest.Home(t), spectest.Lab(t), dual(t), rack(t)}
}

// sessions are the BGP sessions of a stack, of which the two ends agree.
func sessions(t testing.TB, stack *spec.Stack) *bgp.Plan {
	t.Helper()
	plan, err := bgp.New(stack)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

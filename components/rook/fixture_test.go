package rook_test

import (
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/rook"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// pools is a stack with further pools.
func pools(t *testing.T) *spec.Stack { return spectest.Load(t, "testdata/Pulumi.pools.yaml") }

// everything is a stack with every kind of Ceph's storage, on disks of every kind and
// a network of its own.
func everything(t *testing.T) *spec.Stack { return spectest.Load(t, "testdata/Pulumi.everything.yaml") }

// withCeph are stacks that have Ceph.
func withCeph(t *testing.T) []*spec.Stack { return []*spec.Stack{spectest.Home(t), everything(t)} }

// planned is the plan of a stack.
func planned(t *testing.T, stack *spec.Stack) plan.Steps {
	t.Helper()
	steps, err := rook.Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

// stepCalled is the step of that name; without it the test ends.
func stepCalled(t *testing.T, steps plan.Steps, name string) plan.Step {
	t.Helper()
	for _, step := range steps {
		if step.Name == name {
			return step
		}
	}
	t.Fatalf("the plan has no step %s", name)
	return plan.Step{}
}

// object is what a step makes.
func object[T any](t *testing.T, steps plan.Steps, name string) T {
	t.Helper()
	object, ok := stepCalled(t, steps, name).Object.(T)
	if !ok {
		t.Fatalf("step %s makes a %T", name, stepCalled(t, steps, name).Object)
	}
	return object
}

// program makes the component of a stack after a network, and exports what comes
// out of it.
func program(stack *spec.Stack, change ...func(*rook.Args)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		provider, err := kubernetes.NewProvider(ctx, "cluster", &kubernetes.ProviderArgs{Kubeconfig: pulumi.String("kubeconfig")})
		if err != nil {
			return err
		}
		var network pulumi.CustomResourceState
		if err := ctx.RegisterResource("test:index:StandIn", "network", pulumi.Map{}, &network); err != nil {
			return err
		}
		args := &rook.Args{Stack: stack, Provider: provider, Network: []pulumi.Resource{&network}}
		for _, apply := range change {
			apply(args)
		}
		storage, err := rook.NewRookCephStorage(ctx, "rook", args)
		if err != nil {
			return err
		}
		ctx.Export("defaultClass", storage.DefaultClass)
		return nil
	}
}

// run makes the component of a stack and returns what was registered.
func run(stack *spec.Stack, change ...func(*rook.Args)) (*recorder.Recorder, error) {
	rec := &recorder.Recorder{}
	return rec, rec.Run(program(stack, change...), stack.Name)
}

// registered is run for a stack that must work.
func registered(t *testing.T, stack *spec.Stack, change ...func(*rook.Args)) *recorder.Recorder {
	t.Helper()
	rec, err := run(stack, change...)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

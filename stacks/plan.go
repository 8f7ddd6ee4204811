package stacks

import (
	"errors"
	"fmt"

	"github.com/home-ops/home-ops/components/cilium"
	"github.com/home-ops/home-ops/components/edge"
	"github.com/home-ops/home-ops/components/flux"
	"github.com/home-ops/home-ops/components/rook"
	"github.com/home-ops/home-ops/components/secretstore"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// The components' names in Pulumi. They are part of the names of all resources.
const (
	nameTalos       = "talos"
	nameCilium      = "cilium"
	nameRook        = "rook"
	nameEdge        = "edge"
	nameSecretStore = "secretstore"
	nameFlux        = "flux"
)

// Plan is everything that a stack puts into its cluster, component by component. A
// component that the stack does not ask for has no part. The error has the faults
// of every component.
func Plan(stack *spec.Stack) (plan.Parts, error) {
	var parts plan.Parts
	var errs []error
	for _, component := range []struct {
		name string
		plan func(*spec.Stack) (plan.Steps, error)
	}{
		{"", identity},
		{nameCilium, cilium.Plan},
		{nameRook, rook.Plan},
		{nameEdge, edge.Plan},
		{nameSecretStore, secretstore.Plan},
		{nameFlux, flux.Plan},
	} {
		steps, err := component.plan(stack)
		if err != nil {
			errs = append(errs, fmt.Errorf("plan: %w", err))
			continue
		}
		if len(steps) > 0 {
			parts = append(parts, plan.Part{Component: component.name, Steps: steps})
		}
	}
	if len(errs) > 0 {
		return parts, errors.Join(errs...)
	}
	return parts, parts.Check()
}

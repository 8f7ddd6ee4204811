package component

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/plan"
)

// Inputs are what a plan takes from outside.
type Inputs struct {
	// Provider manages Kubernetes objects in the cluster. Without one, they would go
	// wherever the user's own kubeconfig points.
	Provider pulumi.ProviderResource
	// Values are the late values of the plan, by their names. They stay secret where they
	// are, and unknown while they are.
	Values map[string]pulumi.Input
	// Conditions are the resources that bring about what the plan needs. One that takes
	// nothing to hold has none.
	Conditions map[plan.Condition][]pulumi.Resource
}

// Made is the resources of a plan, by the names of its steps.
type Made map[string]pulumi.Resource

// Object is the object that a step made; nil if the plan has no such step.
func (m Made) Object(step string) *Object {
	object, _ := m[step].(*Object)
	return object
}

// Release is the release that a step made; nil if the plan has no such step.
func (m Made) Release(step string) *Release {
	release, _ := m[step].(*Release)
	return release
}

// Of is the resources of those of the steps that the plan has, in this order.
func (m Made) Of(steps ...string) []pulumi.Resource {
	var all []pulumi.Resource
	for _, step := range steps {
		if resource, ok := m[step]; ok {
			all = append(all, resource)
		}
	}
	return all
}

// Apply registers each step as one resource, a child of the component called
// COMPONENT-STEP. Every value or condition that the plan takes and the
// inputs do not give is in one error, before anything is registered.
func (c *Component) Apply(steps plan.Steps, in Inputs) (Made, error) {
	ordered, err := steps.Ordered()
	if err == nil {
		err = in.check(ordered)
	}
	if err != nil {
		return nil, fmt.Errorf("plan of %s:\n%w", c.called(), err)
	}
	made := Made{}
	for _, step := range ordered {
		resource, err := c.apply(step, in, made)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name(step.Name), err)
		}
		made[step.Name] = resource
	}
	return made, nil
}

func (in Inputs) check(steps plan.Steps) error {
	var errs []error
	if in.Provider == nil {
		errs = append(errs, errors.New("no provider is given: objects would go wherever the user's kubeconfig points"))
	}
	taken := map[string]bool{}
	for _, step := range steps {
		if step.Download != nil {
			errs = append(errs, fmt.Errorf("step %s: %s was not fetched", step.Name, step.Download.URL))
		}
		for _, from := range step.From {
			taken[from.Value] = true
			if in.Values[from.Value] == nil {
				errs = append(errs, fmt.Errorf("step %s: the value %q is not given", step.Name, from.Value))
			}
		}
		for _, need := range step.Needs {
			if _, known := in.Conditions[need]; !known {
				errs = append(errs, fmt.Errorf("step %s: nothing says what brings about the condition %q", step.Name, need))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(in.Values)) {
		if !taken[name] && in.Values[name] != nil {
			errs = append(errs, fmt.Errorf("the value %q is given, and no step takes it", name))
		}
	}
	return errors.Join(errs...)
}

func (c *Component) apply(step plan.Step, in Inputs, made Made) (pulumi.Resource, error) {
	after := made.Of(step.After...)
	for _, need := range step.Needs {
		after = append(after, in.Conditions[need]...)
	}
	opts := c.Options(pulumi.Provider(in.Provider), pulumi.DependsOn(after))
	switch step.Keep {
	case plan.Retain:
		opts = append(opts, pulumi.RetainOnDelete(true))
	case plan.Protect:
		// Protection stops a preview that would delete it; once somebody has lifted that,
		// Pulumi forgets the object and leaves it where it is.
		opts = append(opts, pulumi.Protect(true), pulumi.RetainOnDelete(true))
	}
	if step.Timeout > 0 {
		wait := step.Timeout.String()
		opts = append(opts, pulumi.Timeouts(&pulumi.CustomTimeouts{Create: wait, Update: wait}))
	}
	if step.Release != nil {
		opts = append(opts, releaseHooks(in.Provider)...)
		return registerRelease(c.Context, c.Name(step.Name), step, in.Values, opts)
	}
	return registerObject(c.Context, c.Name(step.Name), step, in.Values, opts)
}

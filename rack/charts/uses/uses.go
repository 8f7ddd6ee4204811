// Package uses lists the releases of charts that a stack and its tree make: which chart, under which name, with which
// values.
package uses

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/stacks"
)

// Use is one release of a chart.
type Use struct {
	// Stack is the name of the stack that has it.
	Stack string
	// Place is where the chart is published: oci://HOST/PATH/NAME, or https://HOST/PATH/NAME in a classic repository.
	Place string
	// Version is the chart's.
	Version string
	// Release is its name in the cluster, and Namespace where it is.
	Release, Namespace string
	Values             map[string]any
	// Kubernetes is the version that it is rendered for.
	Kubernetes string
}

// Chart is the chart's name.
func (u Use) Chart() string { return filepath.Base(u.Place) }

// Of are the releases of a stack: those that the program makes, and those of its tree in the repository in root.
func Of(stack *spec.Stack, root string) ([]Use, error) {
	parts, err := stacks.Plan(stack)
	if err != nil {
		return nil, fmt.Errorf("stack %s: %w", stack.Name, err)
	}
	program, err := ofProgram(stack, parts)
	if err != nil {
		return nil, fmt.Errorf("stack %s: %w", stack.Name, err)
	}
	tree, err := ofTree(stack, parts, root)
	if err != nil {
		return nil, fmt.Errorf("stack %s: %w", stack.Name, err)
	}
	return append(program, tree...), nil
}

// Project are the releases of the samples in spec/spectest, and of those stacks at the top of the repository in root that
// are still samples, with the versions of their file and with the tested ones. An owner's stacks are not among them: what
// they install is known when they are rehearsed.
func Project(root string) ([]Use, error) {
	samples, err := filepath.Glob(filepath.Join(root, "spec", "spectest", "testdata", "Pulumi.*.yaml"))
	if err != nil {
		return nil, err
	}
	if len(samples) == 0 {
		return nil, fmt.Errorf("%s has no sample of a stack file", root)
	}
	var all []Use
	var errs []error
	for _, file := range samples {
		sample, problems := spec.LoadFile(file)
		if err := problems.Err(); err != nil {
			errs = append(errs, err)
			continue
		}
		found, err := ofSample(sample, root)
		all, errs = append(all, found...), append(errs, err)
		top, problems := spec.LoadFile(filepath.Join(root, filepath.Base(file)))
		if problems.HasErrors() || top.Flux.Repository != sample.Flux.Repository {
			continue // it is its owner's, or gone
		}
		found, err = both(top, root)
		all, errs = append(all, found...), append(errs, err)
	}
	return all, errors.Join(errs...)
}

// ofSample are the releases of a sample, with every app of the repository that it can run.
func ofSample(sample *spec.Stack, root string) ([]Use, error) {
	folder, err := os.MkdirTemp("", "home-ops-sample-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // what was read is in memory
	if err := gitops.ComposeInto(folder, root, sample); err != nil {
		return nil, err
	}
	return both(sample, folder)
}

// both are the releases of a stack with the versions of its file, and with the tested ones.
func both(stack *spec.Stack, root string) ([]Use, error) {
	tested := *stack
	tested.Versions = spec.Tested()
	var all []Use
	var errs []error
	for _, s := range []*spec.Stack{stack, &tested} {
		found, err := Of(s, root)
		all, errs = append(all, found...), append(errs, err)
	}
	return all, errors.Join(errs...)
}

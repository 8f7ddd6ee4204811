package main

import (
	"errors"

	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/components/flux/values"
	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/internal/tree"
	"github.com/home-ops/home-ops/spec"
)

// tree renders what Flux would apply out of the repository in root, a file for each
// Kustomization. What could be read is written even when something could not.
func (r rendering) tree(stack *spec.Stack, root string) error {
	chart, err := values.For(stack)
	if err != nil {
		return err
	}
	first, err := tree.Root(chart)
	if err != nil {
		return err
	}
	given := tree.Settings{Public: settings.For(stack), Secret: map[string]string{}}
	for name := range settings.SecretRefs(stack) {
		given.Secret[name] = machineconfig.Redacted
	}
	cluster, problems := tree.Load(root, first, given)
	for _, kustomization := range cluster.Kustomizations {
		var bodies []any
		for _, object := range cluster.Objects {
			if object.By == kustomization {
				bodies = append(bodies, object.Object)
			}
		}
		problems = append(problems, r.yaml(kustomization.Key()+".yaml", bodies...))
	}
	return errors.Join(problems...)
}

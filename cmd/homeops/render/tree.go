package render

import (
	"errors"
	"path/filepath"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/internal/plan"
)

// tree renders what Flux would apply out of the repository in root, a file for each
// Kustomization. What could be read is written even when something could not.
func (f Files) tree(parts plan.Parts, root string) error {
	first, settings, err := gitops.Bootstrap(parts)
	if err != nil {
		return err
	}
	cluster, problems := gitops.Load(root, first, settings)
	bodies := map[*gitops.Kustomization][]any{}
	for _, object := range cluster.Objects {
		bodies[object.By] = append(bodies[object.By], object.Object)
	}
	for _, kustomization := range cluster.Kustomizations {
		path := filepath.Join("tree", kustomization.Key()+".yaml")
		problems = append(problems, f.yaml(path, bodies[kustomization]...))
	}
	return errors.Join(problems...)
}

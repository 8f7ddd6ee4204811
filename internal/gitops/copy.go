package gitops

import (
	"os"
	"path/filepath"

	"github.com/home-ops/home-ops/spec"
)

// ComposeInto copies the apps, components and tenants of the repository in root into another folder, and gives them the
// cluster of a stack, as [Compose] makes it. The clusters of the repository are its owner's: what is to hold for every
// owner is looked at in such a copy.
func ComposeInto(folder, root string, stack *spec.Stack) error {
	for _, part := range []string{"apps", "components", "tenants"} {
		path := filepath.Join("kubernetes", part)
		if err := os.CopyFS(filepath.Join(folder, path), os.DirFS(filepath.Join(root, path))); err != nil {
			return err
		}
	}
	composition, err := Compose(folder, stack)
	if err != nil {
		return err
	}
	content, err := composition.YAML()
	if err != nil {
		return err
	}
	cluster := filepath.Join(folder, filepath.FromSlash(composition.Path))
	if err := os.MkdirAll(cluster, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(cluster, "kustomization.yaml"), content, 0o644)
}

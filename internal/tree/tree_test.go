package tree_test

import (
	"testing"

	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/internal/tree"
	"github.com/home-ops/home-ops/spec"
)

const repository = "../.."

// load reads the tree of one of the project's stacks.
func load(t *testing.T, name string) (*spec.Stack, *tree.Cluster) {
	t.Helper()
	stack, problems := spec.LoadFile(repository + "/Pulumi." + name + ".yaml")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	values := tree.Settings{Public: settings.For(stack), Secret: map[string]string{}}
	for _, name := range []string{settings.LonghornBackupAccessKey, settings.LonghornBackupSecretKey} {
		values.Secret[name] = "secret"
	}
	cluster, errs := tree.Load(repository, stack.Flux.Path, values)
	for _, err := range errs {
		t.Error(err)
	}
	return stack, cluster
}

func TestTree_Builds(t *testing.T) {
	for _, name := range []string{"home", "lab"} {
		_, cluster := load(t, name)
		t.Logf("%s: %d Kustomizations, %d objects", name, len(cluster.Kustomizations), len(cluster.Objects))
	}
}

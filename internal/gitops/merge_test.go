package gitops_test

import (
	"testing"

	"golang.org/x/tools/txtar"

	"sigs.k8s.io/kustomize/kyaml/openapi"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/internal/golden"
)

// A list of a kind that Kubernetes has is merged by its keys, one of a custom resource is replaced.
func TestLoad_MergesListsByTheKeysOfTheirKinds(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/merge.txtar")
	if err != nil {
		t.Fatal(err)
	}
	first := &gitops.Kustomization{}
	first.Name, first.Namespace, first.Spec.Path = "flux-system", "flux-system", "cluster"
	cluster, problems := gitops.Load(unpack(t, archive), first, gitops.Settings{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var objects []any
	for _, object := range cluster.Objects {
		objects = append(objects, object.Object)
	}
	golden.Documents(t, "merge.yaml", objects...)
	if got := openapi.GetSchemaVersion(); got != "using custom schema from file provided" {
		t.Errorf("kustomize merged by %q: it has read the whole document of Kubernetes, which takes most of a render", got)
	}
}

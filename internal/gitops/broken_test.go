package gitops_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// Each file of testdata/broken is a tree with one fault. It begins with what is said of it.
func TestChecks_SayWhereAndWhatAndWhatToDo(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			archive.Comment = []byte(problems(t, unpack(t, archive)))
			name, _ := filepath.Rel("testdata", file)
			golden.Check(t, name, txtar.Format(archive))
		})
	}
}

func unpack(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	root := t.TempDir()
	for _, file := range archive.Files {
		path := filepath.Join(root, file.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// problems is what every check says of the tree.
func problems(t *testing.T, root string) string {
	t.Helper()
	kinds, err := gitops.NewKinds()
	if err != nil {
		t.Fatal(err)
	}
	kinds.AddDefinitions(os.DirFS("testdata/definitions"))
	first := &gitops.Kustomization{}
	first.Name, first.Namespace, first.Spec.Path = "flux-system", "flux-system", "cluster"
	public := map[string]string{"DOMAIN": "example.com"}

	parts := plan.Parts{{Component: "flux", Steps: plan.Steps{
		{Name: "settings", Object: map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"namespace": "home-ops", "name": "cluster-settings"},
		}},
		{Name: "release", Release: &plan.Release{Name: "cilium", Namespace: "kube-system"}},
	}}}
	pulumis, err := gitops.NewOwned(parts)
	if err != nil {
		t.Fatal(err)
	}

	cluster, unread := gitops.Load(root, first, gitops.Settings{Public: public})
	found := cluster.CheckSettings(public)
	found = append(found, cluster.CheckOrder()...)
	found = append(found, cluster.CheckPins()...)
	found = append(found, cluster.CheckReleases()...)
	found = append(found, cluster.CheckFixed()...)
	found = append(found, cluster.CheckOwners(pulumis)...)
	found = append(found, cluster.CheckNamespaces(pulumis)...)
	found = append(found, cluster.CheckRoutes()...)
	atDigitalOcean := &spec.Stack{}
	atDigitalOcean.Cluster.Domain = "example.com"
	atDigitalOcean.Edge.Exposure = spec.ExposureDirect
	atDigitalOcean.Edge.DNS.DigitalOcean = &spec.DigitalOcean{Zone: "example.com"}
	// The trees have nothing of it.
	atDigitalOcean.Storage.Longhorn = &spec.Longhorn{}
	found = append(found, cluster.CheckApex(atDigitalOcean)...)
	found = append(found, cluster.CheckDashboards(atDigitalOcean)...)
	builtIn, err := gitops.NewKinds()
	if err != nil {
		t.Fatal(err)
	}
	_, unknown := cluster.CheckKinds(builtIn)
	together := fmt.Sprint(cluster.Check(atDigitalOcean, parts, public))
	for _, problem := range slices.Concat(found, cluster.CheckStack(atDigitalOcean), unknown) {
		if !strings.Contains(together, problem.Error()) {
			t.Errorf("Check leaves out: %v", problem)
		}
	}
	_, misfits := cluster.CheckKinds(kinds)
	var text strings.Builder
	for _, problem := range slices.Concat(unread, found, misfits) {
		text.WriteString(problem.Error() + "\n")
	}
	if text.Len() == 0 {
		t.Error("nothing is said of it")
	}
	return text.String()
}

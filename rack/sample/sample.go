// Package sample gives tests the stacks of spec/spectest together with a tree that fits them.
//
// The stack files at the top of the repository and the clusters in its tree are an owner's, to be edited, renamed and
// removed. A test that rests on them would be red for every owner.
package sample

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// Stack is the sample of a name, home or lab.
func Stack(t testing.TB, name string) *spec.Stack {
	t.Helper()
	switch name {
	case "home":
		return spectest.Home(t)
	case "lab":
		return spectest.Lab(t)
	}
	t.Fatalf("there is no sample %q", name)
	return nil
}

// Root is a copy of the tree of the repository, with a cluster for the stack that has every app which the stack can run,
// and every tenant.
func Root(t testing.TB, repository string, stack *spec.Stack) string {
	t.Helper()
	root := t.TempDir()
	if err := gitops.ComposeInto(root, repository, stack); err != nil {
		t.Fatal(err)
	}
	if err := addTenants(filepath.Join(root, filepath.FromSlash(stack.Flux.Path), "kustomization.yaml"), filepath.Join(root, "kubernetes", "tenants")); err != nil {
		t.Fatal(err)
	}
	return root
}

// addTenants gives a cluster the tenants that a folder has.
func addTenants(cluster, tenants string) error {
	text, err := os.ReadFile(cluster)
	if err != nil {
		return err
	}
	const resources = "\nresources:\n"
	if strings.Count(string(text), resources) != 1 {
		return fmt.Errorf("%s has no resources to add tenants to", cluster)
	}
	entries, err := os.ReadDir(tenants)
	if err != nil {
		return err
	}
	added := resources
	for _, entry := range entries {
		added += "  - ../../tenants/" + entry.Name() + "\n"
	}
	return os.WriteFile(cluster, []byte(strings.Replace(string(text), resources, added, 1)), 0o644)
}

// InRepository skips a test of the sample at the top of the repository where its file is not that sample any more: it is
// gone, has other nodes, or follows a repository of its owner's.
func InRepository(t testing.TB, repository, name string) {
	t.Helper()
	if why := notSample(filepath.Join(repository, "Pulumi."+name+".yaml"), Stack(t, name)); why != "" {
		t.Skipf("%s; `make rehearse STACK=NAME` rehearses a stack of your own", why)
	}
}

// notSample says why a stack file is not the sample, or nothing.
func notSample(path string, sample *spec.Stack) string {
	if _, err := os.Stat(path); err != nil {
		return path + " is not there"
	}
	stack, _ := spec.LoadFile(path)
	names := func(s *spec.Stack) []string {
		var out []string
		for _, n := range s.Nodes {
			out = append(out, n.Name)
		}
		return out
	}
	switch {
	case stack.Flux.Repository != sample.Flux.Repository:
		return path + " follows another repository than the sample"
	case !slices.Equal(names(stack), names(sample)):
		return path + " has other nodes than the sample"
	}
	return ""
}

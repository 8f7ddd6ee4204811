package picture_test

import (
	"testing"

	"github.com/home-ops/home-ops/cmd/homeops/picture"
	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
	"github.com/home-ops/home-ops/stacks"
)

// drawn are the pictures of a stack beside a small tree.
func drawn(t testing.TB, stack *spec.Stack) map[string][]byte {
	t.Helper()
	parts, err := stacks.Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	pictures, err := picture.All(stack, parts, tree())
	if err != nil {
		t.Fatal(err)
	}
	return pictures
}

// tree are five Kustomizations, of which some wait for others.
func tree() *gitops.Cluster {
	cluster := &gitops.Cluster{}
	for _, k := range []struct {
		name  string
		after []string
	}{
		{"root", nil},
		{"access", nil},
		{"system", nil},
		{"volsync", []string{"snapshot-controller"}},
		{"snapshot-controller", []string{"system"}},
		{"echo", nil},
	} {
		one := &gitops.Kustomization{}
		one.Name, one.Namespace = k.name, "flux-system"
		for _, other := range k.after {
			one.Spec.DependsOn = append(one.Spec.DependsOn, gitops.Dependency{Name: other})
		}
		cluster.Kustomizations = append(cluster.Kustomizations, one)
	}
	return cluster
}

func TestAll_DrawsTheGoldens(t *testing.T) {
	for name, stack := range map[string]*spec.Stack{"home": spectest.Home(t), "lab": spectest.Lab(t)} {
		for file, content := range drawn(t, stack) {
			golden.Check(t, name+"/"+file, content)
		}
	}
}

package values_test

import (
	"path/filepath"
	"testing"

	"github.com/home-ops/home-ops/components/rook/values"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// fixture has every kind of Ceph's storage, on disks of every kind and a network
// of its own.
const fixture = "../testdata/Pulumi.everything.yaml"

// stacks are the fixture and every stack of the project that has Ceph.
func stacks(t *testing.T) []*spec.Stack {
	t.Helper()
	paths, err := filepath.Glob("../../../Pulumi.*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []*spec.Stack
	for _, path := range append(paths, fixture) {
		if stack := spectest.Load(t, path); stack.Storage.RookCeph != nil {
			out = append(out, stack)
		}
	}
	return out
}

func TestFor_MatchesTheGoldens(t *testing.T) {
	for _, stack := range stacks(t) {
		t.Run(stack.Name, func(t *testing.T) {
			got, err := values.For(stack)
			if err != nil {
				t.Fatal(err)
			}
			golden.Documents(t, stack.Name+".yaml", got)
		})
	}
}

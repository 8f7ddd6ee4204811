package objects_test

import (
	"path/filepath"
	"testing"

	"github.com/home-ops/home-ops/components/edge/objects"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// stacks are those of the project, and one for each way in that they do not have.
func stacks(t *testing.T) []*spec.Stack {
	t.Helper()
	var out []*spec.Stack
	for _, pattern := range []string{"../../../Pulumi.*.yaml", "../testdata/Pulumi.*.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			if filepath.Base(path) != "Pulumi.yaml" {
				out = append(out, spectest.Load(t, path))
			}
		}
	}
	return out
}

func TestObjects_MatchTheGoldens(t *testing.T) {
	for _, stack := range stacks(t) {
		t.Run(stack.Name, func(t *testing.T) {
			var bodies []any
			for _, object := range objects.All(stack) {
				bodies = append(bodies, object.Body)
			}
			golden.Objects(t, stack.Name+".yaml", bodies...)
		})
	}
}

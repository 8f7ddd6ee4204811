package objects_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/home-ops/home-ops/components/edge/objects"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
)

// load reads a stack file that must be sound.
func load(t *testing.T, path string) *spec.Stack {
	t.Helper()
	stack, problems := spec.LoadFile(path)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return stack
}

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
				out = append(out, load(t, path))
			}
		}
	}
	return out
}

// all is every object of a stack but those with secrets.
func all(stack *spec.Stack) []objects.Object {
	out := slices.Clone(objects.Policies(stack))
	if objects.GeneratesAuthority(stack) {
		out = append(out, objects.Authority()...)
	}
	out = append(out, objects.Object{Name: "issuer", Body: objects.Issuer(stack)},
		objects.Object{Name: "certificate", Body: objects.Certificate(stack)})
	for _, gateway := range objects.Gateways(stack) {
		out = append(out, objects.Object{Name: gateway.Name, Body: gateway})
	}
	out = append(out, objects.Object{Name: "redirect", Body: objects.Redirect(objects.Gateways(stack))})
	if objects.Tunnelled(stack) {
		out = append(out, objects.Cloudflared(stack)...)
	}
	return out
}

func TestObjects_MatchTheGoldens(t *testing.T) {
	for _, stack := range stacks(t) {
		t.Run(stack.Name, func(t *testing.T) {
			var bodies []any
			for _, object := range all(stack) {
				bodies = append(bodies, object.Body)
			}
			golden.Documents(t, stack.Name+".yaml", bodies...)
		})
	}
}

package settings_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
)

// stacks are those of the project.
func stacks(t *testing.T) []*spec.Stack {
	t.Helper()
	paths, err := filepath.Glob("../../../Pulumi.*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	var out []*spec.Stack
	for _, path := range paths {
		stack, problems := spec.LoadFile(path)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		out = append(out, stack)
	}
	return out
}

func TestFor_MatchesTheGoldens(t *testing.T) {
	for _, stack := range stacks(t) {
		golden.Documents(t, stack.Name+".yaml", settings.For(stack))
	}
}

// Flux leaves a name of any other form in place.
// https://fluxcd.io/flux/components/kustomize/kustomizations/#post-build-variable-substitution
var variable = regexp.MustCompile(`^[_A-Za-z][_A-Za-z0-9]*$`)

func TestFor_NamesVariablesThatFluxReplacesByWords(t *testing.T) {
	for _, stack := range stacks(t) {
		for name, value := range settings.For(stack) {
			if !variable.MatchString(name) {
				t.Errorf("%s: %s is no name of a variable", stack.Name, name)
			}
			if value == "" || strings.Contains(value, "invalid") {
				t.Errorf("%s: %s is %q", stack.Name, name, value)
			}
		}
	}
}

func TestFor_ListsCanStandInBrackets(t *testing.T) {
	for _, stack := range stacks(t) {
		if stack.Name != "lab" {
			continue
		}
		var got []string
		if err := yaml.Unmarshal([]byte("["+settings.For(stack)[settings.NodeCIDRs]+"]"), &got); err != nil {
			t.Fatal(err)
		}
		if strings.Join(got, " ") != "10.20.0.0/24 fd00:20::/64" {
			t.Errorf("read %q", got)
		}
	}
}

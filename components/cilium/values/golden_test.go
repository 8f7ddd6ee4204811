package values_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/components/cilium/values"
	"github.com/home-ops/home-ops/spec"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// stacks are the fixture and every stack of the project.
func stacks(t *testing.T) []*spec.Stack {
	t.Helper()
	paths, err := filepath.Glob("../../../Pulumi.*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []*spec.Stack
	for _, path := range append(paths, fixture) {
		out = append(out, load(t, path))
	}
	return out
}

// fixture is a stack with both families, BGP with passwords, and the policy baseline.
const fixture = "../testdata/Pulumi.dual.yaml"

// load reads a stack file that must be sound.
func load(t *testing.T, path string) *spec.Stack {
	t.Helper()
	stack, problems := spec.LoadFile(path)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return stack
}

func plan(t *testing.T, stack *spec.Stack) *bgp.Plan {
	t.Helper()
	p, err := bgp.New(stack)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFor_MatchesTheGoldens(t *testing.T) {
	for _, stack := range stacks(t) {
		t.Run(stack.Name, func(t *testing.T) {
			got, err := values.For(stack, plan(t, stack))
			if err != nil {
				t.Fatal(err)
			}
			compare(t, stack.Name, got)
		})
	}
}

// compare holds documents against the golden file of a stack.
func compare(t *testing.T, stack string, documents ...any) {
	t.Helper()
	golden := filepath.Join("testdata", stack+".yaml")
	var got bytes.Buffer
	encoder := yaml.NewEncoder(&got)
	encoder.SetIndent(2)
	for _, document := range documents {
		if err := encoder.Encode(plain(t, document)); err != nil {
			t.Fatal(err)
		}
	}
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v; run this test with -update", err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s differs; run this test with -update and look at the difference\n%s", golden, got.Bytes())
	}
}

// plain is a document as the API server would read it.
func plain(t *testing.T, document any) any {
	t.Helper()
	raw, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

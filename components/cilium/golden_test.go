package cilium_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/components/cilium"
	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/spec"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// load reads a stack file that must be sound.
func load(t *testing.T, path string) *spec.Stack {
	t.Helper()
	stack, problems := spec.LoadFile(path)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return stack
}

// dual is a stack with both families, BGP with passwords, and the policy baseline.
func dual(t *testing.T) *spec.Stack { return load(t, "testdata/Pulumi.dual.yaml") }

// home is the project's own stack, which announces over layer 2.
func home(t *testing.T) *spec.Stack { return load(t, "../../Pulumi.home.yaml") }

func plan(t *testing.T, stack *spec.Stack) *bgp.Plan {
	t.Helper()
	p, err := bgp.New(stack)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestValuesAndObjects_MatchTheGoldens(t *testing.T) {
	paths, err := filepath.Glob("../../Pulumi.*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(paths, "testdata/Pulumi.dual.yaml") {
		stack := load(t, path)
		t.Run(stack.Name, func(t *testing.T) {
			values, err := cilium.Values(stack, plan(t, stack))
			if err != nil {
				t.Fatal(err)
			}
			compare(t, filepath.Join("testdata", stack.Name, "values.yaml"), values)

			var objects []any
			for _, object := range cilium.NewObjects(stack, plan(t, stack)).All() {
				objects = append(objects, object.Body)
			}
			compare(t, filepath.Join("testdata", stack.Name, "objects.yaml"), objects...)
		})
	}
}

// compare holds documents against a golden file.
func compare(t *testing.T, golden string, documents ...any) {
	t.Helper()
	var got bytes.Buffer
	encoder := yaml.NewEncoder(&got)
	encoder.SetIndent(2)
	for _, document := range documents {
		if err := encoder.Encode(plain(t, document)); err != nil {
			t.Fatal(err)
		}
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
			t.Fatal(err)
		}
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

package objects_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/components/rook/objects"
	"github.com/home-ops/home-ops/spec"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// fixture has every kind of Ceph's storage, on disks of every kind and a network
// of its own.
const fixture = "../testdata/Pulumi.everything.yaml"

// load reads a stack file that must be sound.
func load(t *testing.T, path string) *spec.Stack {
	t.Helper()
	stack, problems := spec.LoadFile(path)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return stack
}

// stacks are the fixture and every stack of the project that has Ceph.
func stacks(t *testing.T) []*spec.Stack {
	t.Helper()
	paths, err := filepath.Glob("../../../Pulumi.*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []*spec.Stack
	for _, path := range append(paths, fixture) {
		if stack := load(t, path); stack.Storage.RookCeph != nil {
			out = append(out, stack)
		}
	}
	return out
}

func TestFor_MatchesTheGoldens(t *testing.T) {
	for _, stack := range stacks(t) {
		t.Run(stack.Name, func(t *testing.T) {
			set, err := objects.For(stack)
			if err != nil {
				t.Fatal(err)
			}
			var bodies []any
			for _, object := range set.All() {
				bodies = append(bodies, object.Body)
			}
			compare(t, stack.Name, bodies...)
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

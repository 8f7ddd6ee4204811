package frr_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/home-ops/home-ops/components/cilium/frr"
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
	for _, path := range append([]string{"../testdata/Pulumi.dual.yaml"}, paths...) {
		stack, problems := spec.LoadFile(path)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		out = append(out, stack)
	}
	return out
}

func TestConfigs_MatchTheGoldens(t *testing.T) {
	for _, stack := range stacks(t) {
		configs, err := frr.Configs(stack)
		if err != nil {
			t.Errorf("%s: %v", stack.Name, err)
		}
		for router, got := range configs {
			golden := filepath.Join("testdata", stack.Name+"-"+router+".conf")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Errorf("%v; run this test with -update", err)
			} else if string(got) != string(want) {
				t.Errorf("%s differs; run this test with -update and look at the difference\n%s", golden, got)
			}
		}
	}
}

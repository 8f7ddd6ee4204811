package spec_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
)

// Each file of testdata/between is a stack beside testdata/between/first.yaml; its head says what the two cannot share.
func TestValidateProject_TellsEachFaultBetweenTwoStacksOnce(t *testing.T) {
	first, problems := spec.LoadFile(filepath.Join("testdata", "between", "first.yaml"))
	if err := append(problems, first.Validate()...).Err(); err != nil {
		t.Fatal(err)
	}
	for _, path := range fixtures(t, "between", 15) {
		if filepath.Base(path) == "first.yaml" {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			second, problems := spec.LoadFile(path)
			if err := problems.Err(); err != nil {
				t.Fatal(err)
			}
			got := lines(spec.ValidateProject([]*spec.Stack{first, second}))
			if turned := lines(spec.ValidateProject([]*spec.Stack{second, first})); !slices.Equal(got, turned) {
				t.Errorf("the order of the stacks matters: %q, %q", got, turned)
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if golden.Updating() {
				rewriteHead(t, path, string(data), got)
				return
			}
			if want := expected(t, string(data)); !slices.Equal(got, want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
			}
			if faults := len(got); faults > 1 || faults == 0 && filepath.Base(path) != "shares-nothing.yaml" {
				t.Errorf("one fault gave %d problems", faults)
			}
		})
	}
}

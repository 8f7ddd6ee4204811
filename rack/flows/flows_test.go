package flows_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/home-ops/home-ops/rack/flows"
)

// built is the engine, compiled once for all tests of a run.
var built = sync.OnceValues(func() (string, error) {
	path, err := filepath.Abs(filepath.Join(repository, "out", "bin", "rack-flows"))
	if err != nil {
		return "", err
	}
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-o", path, ".")
	build.Dir = "engine"
	out, err := build.CombinedOutput()
	if err != nil {
		return string(out), err
	}
	return path, nil
})

func engine(t *testing.T) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err, path)
	}
	return path
}

func TestFlows_OfEveryStackAreDecidedAsTheyMustBe(t *testing.T) {
	for _, name := range []string{"home", "lab"} {
		t.Run(name, func(t *testing.T) {
			stack, objects := planned(t, name)
			cluster, err := flows.New(stack, objects)
			if err != nil {
				t.Fatal(err)
			}
			report, err := flows.Judge(t.Context(), engine(t), cluster)
			if err != nil {
				t.Fatal(err)
			}
			if want := "v" + strings.TrimPrefix(string(stack.Versions.Cilium), "v"); report.Cilium != want {
				t.Errorf("the engine is of Cilium %s, and the stack has %s; require that in engine/go.mod", report.Cilium, want)
			}
			t.Logf("%s: %d flows asked, %d refused", name, report.Asked, report.Refused)
			for _, lead := range report.Nowhere {
				t.Errorf("a lead to nothing: %s", lead)
			}
			for _, wrong := range report.Wrong {
				t.Error(wrong)
			}
		})
	}
}

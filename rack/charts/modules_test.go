package charts

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/home-ops/home-ops/rack/charts/facts"
	"github.com/home-ops/home-ops/rack/charts/lock"
	"github.com/home-ops/home-ops/rack/charts/uses"
)

// TestFacts_AreThoseOfTheChartsInModules records the charts that go.sum pins again, and compares.
func TestFacts_AreThoseOfTheChartsInModules(t *testing.T) {
	all, err := uses.Project("../..")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := lock.All()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, l := range entries {
		if l.Module == nil {
			continue
		}
		compared++
		t.Run(l.Name(), func(t *testing.T) {
			command := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", l.Module.Path)
			command.Dir = "../crds"
			dir, err := command.Output()
			if err != nil || len(strings.TrimSpace(string(dir))) == 0 {
				t.Fatalf("the module is not here (%v); download it with: go mod download -C rack/crds %s", err, l.Module.Path)
			}
			c, err := genuine(l, Options{Modules: map[string]string{l.Module.Path: strings.TrimSpace(string(dir))}})
			if err != nil {
				t.Fatal(err)
			}
			recorded, err := facts.Of(l.Name(), l.Version)
			if err != nil {
				t.Fatal(err)
			}
			var ours []uses.Use
			for _, use := range all {
				if use.Place == l.Place && use.Version == l.Version {
					ours = append(ours, use)
				}
			}
			again, err := facts.Record(c, ours, recorded.Source)
			if err != nil {
				t.Fatal(err)
			}
			want, err := recorded.Write()
			if err != nil {
				t.Fatal(err)
			}
			got, err := again.Write()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("the record differs from the chart (-record +chart); record it again:\n%s", diff)
			}
		})
	}
	if compared == 0 {
		t.Error("no module has a chart")
	}
}

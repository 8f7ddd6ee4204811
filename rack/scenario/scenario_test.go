package scenario

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
)

func TestFind_NamesAllThatThereAre(t *testing.T) {
	if _, err := Find(""); err != nil {
		t.Error(err)
	}
	if s, err := Find("roll"); err != nil || s.Name != "roll" {
		t.Errorf("%+v, %v", s, err)
	}
	_, err := Find("rol")
	if want := "there is no SCENARIO=rol; there are: " + strings.Join(Names(), ", "); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// An owner may have a release that the ways do not know.
func TestWay_NeedsAnotherReleaseThatIsKnown(t *testing.T) {
	only := Scenario{Name: "upgrade-drivers", Raises: spec.CSIDriversChart}
	_, _, err := only.Way(spec.Cluster{KubernetesVersion: "1.0.4"})
	if want := "SCENARIO=upgrade-drivers: the stack file's"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestTable_IsSortedAndSaysWhatEachDoes(t *testing.T) {
	if !slices.IsSorted(Names()) {
		t.Errorf("names %v", Names())
	}
	for _, s := range Table {
		if s.Does == "" || strings.ContainsAny(s.Does, "|\n") {
			t.Errorf("%s: %q is no cell of a table", s.Name, s.Does)
		}
	}
}

// The rows stand between two comments; -update writes them.
func TestTable_IsInTheDocs(t *testing.T) {
	const page, begin, end = "../../docs/rehearsals.md", "<!-- scenarios, from rack/scenario -->\n", "<!-- end of scenarios -->\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(text), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s lacks the comments around the scenarios", page)
	}
	want := head + begin + "| command | what it does |\n| --- | --- |\n" + Rows() + end + tail
	if string(text) == want {
		return
	}
	if !golden.Updating() {
		t.Fatalf("%s: the scenarios are not those of the table; `go test ./scenario -update` in rack/ writes them", page)
	}
	if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The Makefile refuses an unknown one before the launcher is compiled.
func TestMakefile_ReadsTheNames(t *testing.T) {
	text, err := os.ReadFile("table.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "\t\tName: \""); ok {
			names = append(names, strings.TrimSuffix(strings.TrimSpace(name), "\","))
		}
	}
	if !slices.Equal(names, Names()) {
		t.Errorf("%v stand one a line, there are %v", names, Names())
	}
}

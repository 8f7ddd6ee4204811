package facts_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/home-ops/home-ops/rack/charts/facts"
	"github.com/home-ops/home-ops/rack/charts/uses"
)

const project = "../../.."

// project's releases, read once: that takes seconds.
var ofProject = sync.OnceValues(func() ([]uses.Use, error) { return uses.Project(project) })

// installed are the releases of every stack.
func installed(t *testing.T) []uses.Use {
	t.Helper()
	all, err := ofProject()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestRecords_AreThereForEveryChartThatIsInstalled(t *testing.T) {
	want := map[string]bool{}
	problems := map[string]bool{}
	for _, use := range installed(t) {
		want[facts.File(use.Chart(), use.Version)] = true
		if _, err := facts.Of(use.Chart(), use.Version); err != nil {
			problems[err.Error()] = true
		}
	}
	for _, problem := range slices.Sorted(maps.Keys(problems)) {
		t.Error(problem)
	}
	files, err := filepath.Glob("records/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !want[filepath.Base(file)] {
			t.Errorf("%s: no stack installs this any more; remove it", file)
		}
	}
}

func TestRecords_HaveEveryReleaseThatIsMadeOfThem(t *testing.T) {
	for _, use := range installed(t) {
		f, err := facts.Of(use.Chart(), use.Version)
		if err != nil {
			continue // told by the test above
		}
		if f.Release(use.Release, use.Stack) == nil {
			t.Errorf("%s of %s: the record of %s %s has no such release; record it again", use.Release, use.Stack, use.Chart(), use.Version)
		}
	}
}

func TestOf_SaysHowToRecordWhatIsNotThere(t *testing.T) {
	_, err := facts.Of("rook-ceph", "v9.9.9")
	want := "there are no facts of rook-ceph v9.9.9, only of v1.16.3, v1.20.3; record them with: go run -C rack ./cmd/rack-charts record -chart rook-ceph-v9.9.9.tgz"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestWrite_IsWhatReadReads(t *testing.T) {
	files, err := filepath.Glob("records/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("no records (%v)", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(filepath.Clean(file))
		if err != nil {
			t.Fatal(err)
		}
		f, err := facts.Read(content)
		if err != nil {
			t.Fatal(err)
		}
		again, err := f.Write()
		if err != nil || string(again) != string(content) {
			t.Errorf("%s is written otherwise than it was read (%v)", file, err)
		}
	}
}

func TestValues_AreKeysThatTheChartsKnow(t *testing.T) {
	seen := map[string]bool{}
	for _, use := range installed(t) {
		f, err := facts.Of(use.Chart(), use.Version)
		if err != nil {
			continue
		}
		for _, problem := range f.Values.Unknown(use.Values) {
			if text := use.Release + " of " + use.Stack + ": " + problem; !seen[text] {
				seen[text] = true
				t.Error(text)
			}
		}
	}
}

func TestUnknown_FindsWhatTheChartDoesNotKnow(t *testing.T) {
	f, err := facts.Read([]byte(strings.Join([]string{
		"chart: app", "version: 1.0.0", "source: here", "releases: []",
		"values: {replicas: number, labels: map, extra: any, args: list, server: {port: number}}",
	}, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	got := f.Values.Unknown(map[string]any{
		"replica": 2, "labels": map[string]any{"a": "b"}, "extra": map[string]any{"a": 1}, "args": map[string]any{"a": 1},
		"server": map[string]any{"port": 1, "ports": 2}, "replicas": 1,
	})
	want := []string{
		"args: the chart has a list there, and no map", "replica: the chart has no such key", "server.ports: the chart has no such key",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

package e2e

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/home-ops/home-ops/internal/gitarchive"
	"github.com/home-ops/home-ops/rack/figures"
	"github.com/home-ops/home-ops/rack/launch"
	"github.com/home-ops/home-ops/rack/report"
	"github.com/home-ops/home-ops/rack/scenario"
)

var dayTwo = flag.Bool("day2", false, "rehearse every scenario for home and lab, which takes hours")

// onDayTwo leaves a test out of `make test`.
func onDayTwo(t *testing.T) {
	t.Helper()
	if !*dayTwo {
		t.Skip("`make test-day2` runs it")
	}
}

// inNoRehearsal are the files that no rehearsal is made of: tests, and the pages beside the runbooks, whose commands rehearsals run.
// The figures that they write are among them. What the scenarios themselves are is compared one by one.
var inNoRehearsal = []string{"README.md", "docs/*", "docs/adr/**", "docs/screenshots/**", "**/*_test.go", scenariosFolder + "/*.go"}

// `make test` rehearses those that fit its time by tests of their own, which look closer. What was ok at this commit, or at one
// that differs only in what the scenario does not notice, is not rehearsed again, so that hours that were cut short go on where they
// ended: by the reports that lie here, and by docs/walked.json, which `make figures` writes.
//
// Each waits for much, so that the stacks go side by side; `-parallel 1` has one go after the other.
func TestDayTwo_EveryScenarioOfHomeAndLab(t *testing.T) {
	onDayTwo(t)
	commit, err := gitarchive.Whole(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	walks, err := figures.Walks(project)
	if err != nil {
		t.Fatal(err)
	}
	same := sameFor(t, project, commit)
	began := time.Now()
	var seconds atomic.Int64
	t.Run("of", func(t *testing.T) {
		for _, stack := range []string{"home", "lab"} {
			t.Run(stack, func(t *testing.T) {
				t.Parallel()
				for _, s := range scenario.Table {
					if !s.For(stack) {
						continue
					}
					t.Run(s.Name, func(t *testing.T) {
						if before := okAt(walks, project, stack, s.Name, same); before != nil {
							seconds.Add(int64(before.Seconds))
							t.Skipf("was ok at %.12s, in %d s", before.Commit, before.Seconds)
						}
						o := options(t, stack)
						o.Scenario, o.Limit = s.Name, 0
						if s.Base {
							o.Base = "HEAD"
						}
						seconds.Add(int64(rehearse(t, o).Seconds["total"]))
					})
				}
			})
		}
	})
	t.Logf("all of them took %s, of which %s just now", time.Duration(seconds.Load())*time.Second, time.Since(began).Round(time.Second))
}

// sameFor returns whether a scenario would find another commit as it finds this one.
func sameFor(t *testing.T, project, commit string) func(scenario, other string) bool {
	var mu sync.Mutex
	sources := map[string]map[string]string{}
	sourceAt := func(commit, scenario string) (string, error) {
		var err error
		if sources[commit] == nil {
			sources[commit], err = scenarioSourcesAt(t.Context(), project, commit, t.TempDir())
		}
		return sources[commit][scenario], err
	}
	return func(scenario, other string) bool {
		mu.Lock()
		defer mu.Unlock()
		same, err := gitarchive.SameBut(t.Context(), project, other, commit, inNoRehearsal...)
		if !same || err != nil {
			return false
		}
		then, thenErr := sourceAt(other, scenario)
		now, nowErr := sourceAt(commit, scenario)
		if err := errors.Join(thenErr, nowErr); err != nil {
			t.Errorf("what %s was at %s: %v", scenario, other, err)
		}
		return then == now && now != ""
	}
}

// okAt is when a scenario was ok with a stack at a commit like this one; nil where it was not. A report that lies here is newer than
// what was written down.
func okAt(walks []figures.Walk, project, stack, scenario string, same func(scenario, commit string) bool) *figures.Walk {
	if last, err := report.Read(launch.LastReport(project, stack, scenario)); err == nil {
		walks = figures.Walked(walks, last)
	}
	i := slices.IndexFunc(walks, func(w figures.Walk) bool {
		return w.Stack == stack && w.Scenario == scenario && same(scenario, w.Commit)
	})
	if i < 0 {
		return nil
	}
	return &walks[i]
}

func TestDayTwo_GoesOnOnlyAfterWhatWasWellAtThisCommit(t *testing.T) {
	isA := func(_, commit string) bool { return commit == "a" }
	roll := func(stack, commit string) []figures.Walk {
		return []figures.Walk{{Stack: stack, Scenario: "roll", Commit: commit}}
	}
	for name, c := range map[string]struct {
		report *report.Report
		walks  []figures.Walk
		done   bool
	}{
		"nothing":                         {nil, nil, false},
		"a report of this commit":         {&report.Report{OK: true, Commit: "a"}, nil, true},
		"a report of another one":         {&report.Report{OK: true, Commit: "b"}, nil, false},
		"a report that is not well":       {&report.Report{Commit: "a"}, nil, false},
		"a walk of this commit":           {nil, roll("home", "a"), true},
		"a walk of another one":           {nil, roll("home", "b"), false},
		"a walk of another stack":         {nil, roll("lab", "a"), false},
		"a walk of another scenario":      {nil, []figures.Walk{{Stack: "home", Scenario: "loss", Commit: "a"}}, false},
		"a walk, and not well since then": {&report.Report{Commit: "a"}, roll("home", "a"), false},
	} {
		project := t.TempDir()
		if c.report != nil {
			c.report.Stack, c.report.Scenario = "home", &report.Scenario{Name: "roll"}
			path := launch.LastReport(project, "home", "roll")
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), c.report.Write(path)); err != nil {
				t.Fatal(err)
			}
		}
		if got := okAt(c.walks, project, "home", "roll", isA); (got != nil) != c.done {
			t.Errorf("%s: %v", name, got)
		}
	}
}

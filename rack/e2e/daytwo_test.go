package e2e

import (
	"flag"
	"path/filepath"
	"testing"
	"time"

	"github.com/home-ops/home-ops/internal/gitarchive"
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
// The figures that they write are among them.
var inNoRehearsal = []string{"README.md", "docs/*", "docs/adr/**", "**/*_test.go"}

// `make test` rehearses those that fit its time by tests of their own, which look closer. What was ok at this commit, or at one
// that differs in tests and pages alone, is not rehearsed again, so that hours that were cut short go on where they ended;
// `make clean` forgets it.
func TestDayTwo_EveryScenarioOfHomeAndLab(t *testing.T) {
	onDayTwo(t)
	commit, err := gitarchive.Whole(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	same := func(other string) bool {
		same, err := gitarchive.SameBut(t.Context(), project, other, commit, inNoRehearsal...)
		if err != nil {
			t.Fatal(err)
		}
		return same
	}
	seconds := 0.0
	for _, s := range scenario.Table {
		for _, stack := range []string{"home", "lab"} {
			if !s.For(stack) {
				continue
			}
			t.Run(s.Name+"/"+stack, func(t *testing.T) {
				if before := okAt(launch.LastReport(project, stack, s.Name), same); before != nil {
					seconds += before.Seconds["total"]
					t.Skipf("was ok at this commit, in %.0f s", before.Seconds["total"])
				}
				o := options(t, stack)
				o.Scenario, o.Limit = s.Name, 0
				if s.Base {
					o.Base = "HEAD"
				}
				seconds += rehearse(t, o).Seconds["total"]
			})
		}
	}
	t.Logf("all of them took %s", time.Duration(seconds*float64(time.Second)).Round(time.Second))
}

// okAt is a report, when all was well and it is of a commit like this one; nil otherwise.
func okAt(path string, same func(commit string) bool) *report.Report {
	before, err := report.Read(path)
	if err != nil || !before.OK || !same(before.Commit) {
		return nil
	}
	return before
}

func TestDayTwo_GoesOnOnlyAfterWhatWasWellAtThisCommit(t *testing.T) {
	is := func(commit string) func(string) bool { return func(other string) bool { return other == commit } }
	for name, c := range map[string]struct {
		report report.Report
		commit string
		done   bool
	}{
		"at this commit": {report.Report{OK: true, Commit: "a"}, "a", true},
		"at another one": {report.Report{OK: true, Commit: "b"}, "a", false},
		"not well":       {report.Report{Commit: "a"}, "a", false},
	} {
		path := filepath.Join(t.TempDir(), "report.json")
		if err := c.report.Write(path); err != nil {
			t.Fatal(err)
		}
		if got := okAt(path, is(c.commit)); (got != nil) != c.done {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := okAt(filepath.Join(t.TempDir(), "none.json"), is("a")); got != nil {
		t.Errorf("no report: %v", got)
	}
}

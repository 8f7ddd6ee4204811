package promrules

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/prometheus/prometheus/model/rulefmt"
)

var repository = os.DirFS("../..")

// tree is the Flux tree of the repository, under its paths there.
func tree(t *testing.T) (rules, map[string]suite) {
	t.Helper()
	below, err := fs.Sub(repository, "kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	all, err := readRules(below)
	if err != nil {
		t.Fatal(err)
	}
	suites, err := readSuites(below)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("kubernetes has no PrometheusRule")
	}
	return all, suites
}

func records(t *testing.T) []record {
	t.Helper()
	all, err := readRecords()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAlerts_FireAndAreSilentAsTheirTestsSay(t *testing.T) {
	all, suites := tree(t)
	for file, s := range suites {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			if err := s.run(t.Context(), all); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAlerts_NameOnlyWhatARecordedProgramExposes(t *testing.T) {
	all, suites := tree(t)
	metrics := scraped(records(t))
	all.each(func(file string, rule *rulefmt.Rule) {
		if err := checkNames(rule, metrics); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	})
	for file, s := range suites {
		for _, c := range s.Tests {
			if err := c.checkSeries(metrics); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

// An alert that is silent for want of any series would be silent with a mistake in it, too.
func TestAlerts_EachHasATestInWhichItFiresAndOneInWhichItIsSilent(t *testing.T) {
	all, suites := tree(t)
	fires, silent := map[string]bool{}, map[string]bool{}
	exprs := map[string]string{}
	all.each(func(_ string, rule *rulefmt.Rule) {
		if exprs[rule.Alert] != "" {
			t.Errorf("two alerts are called %s", rule.Alert)
		}
		exprs[rule.Alert] = rule.Expr
	})
	for _, s := range suites {
		for _, c := range s.Tests {
			for _, e := range c.AlertRuleTest {
				if len(e.ExpAlerts) > 0 {
					fires[e.Alertname] = true
				} else if c.feeds(t, exprs[e.Alertname]) {
					silent[e.Alertname] = true
				}
			}
		}
	}
	for alert := range exprs {
		if !fires[alert] {
			t.Errorf("no test has %s fire", alert)
		}
		if !silent[alert] {
			t.Errorf("no test has %s silent over series of every metric that it names", alert)
		}
	}
}

// feeds reports whether the case has series of every metric in the expression.
func (c *testCase) feeds(t *testing.T, expr string) bool {
	t.Helper()
	all, err := selectors(expr)
	if err != nil || expr == "" {
		t.Errorf("%s tests what is no alert: %v", c.Name, err)
	}
	for _, s := range all {
		has := false
		for _, input := range c.InputSeries {
			has = has || strings.HasPrefix(input.Series, s.Name+"{") || input.Series == s.Name
		}
		if !has {
			return false
		}
	}
	return true
}

func TestRules_EachFileHasTestsBesideIt(t *testing.T) {
	all, suites := tree(t)
	for file := range all {
		beside := strings.TrimSuffix(file, ".yaml") + testSuffix
		if s, ok := suites[beside]; !ok || !slices.Contains(s.RuleFiles, path.Clean(file)) {
			t.Errorf("%s: %s is missing, or tests other rules", file, beside)
		}
	}
}

func TestRecords_AreOfTheVersionsThatRun(t *testing.T) {
	for _, r := range records(t) {
		if err := r.checkPin(repository); err != nil {
			t.Error(err)
		}
		if err := r.checkMonitor(repository); err != nil {
			t.Error(err)
		}
		if r.Source == "" || r.Recorded == "" || len(r.Scrape.Labels) == 0 {
			t.Errorf("%s: where it was recorded and how it is scraped must be said: %+v", r.Exporter, r)
		}
	}
}

func TestRecords_AskToBeReadAgainWhereAnotherVersionRuns(t *testing.T) {
	r := record{Exporter: "exporter", Versions: []string{"1.0.0", "1.1.0"}, Source: "https://example.com"}
	r.Pinned.File, r.Pinned.Before = "versions.yaml", "exporter: "
	err := r.checkPin(fstest.MapFS{"versions.yaml": {Data: []byte("a: 1\nexporter: 2.0.0\n")}})
	const want = "exporter: versions.yaml has exporter: 2.0.0, and its metrics are recorded at 1.0.0, 1.1.0; " +
		"read them again at https://example.com, and add the version"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if err := r.checkPin(fstest.MapFS{"versions.yaml": {Data: []byte("exporter: 1.1.0\n")}}); err != nil {
		t.Error(err)
	}
}

// Another version may read a rule otherwise. Prometheus v3.MINOR.PATCH is v0.3MINOR.PATCH as a module.
func TestPrometheus_IsOfTheVersionThatTheChartInstalls(t *testing.T) {
	installed := regexp.MustCompile(`^Prometheus v3\.(\d+)\.(\d+), `)
	pins, err := fs.ReadFile(repository, "rack/promrules/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, r := range records(t) {
		version := installed.FindStringSubmatch(r.Exporter)
		if version == nil {
			continue
		}
		found = true
		want := fmt.Sprintf("github.com/prometheus/prometheus v0.3%02s.%s\n", version[1], version[2])
		if !strings.Contains(string(pins), want) {
			t.Errorf("go.mod requires another version than %q", want)
		}
	}
	if !found {
		t.Error("no record tells the version of Prometheus")
	}
}

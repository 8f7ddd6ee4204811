package promrules

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

//go:embed dashboards
var dashboards embed.FS

// grafana is what the chart's values say of it.
type grafana struct {
	Sidecar struct {
		Dashboards struct {
			Label      string `yaml:"label"`
			LabelValue string `yaml:"labelValue"`
		} `yaml:"dashboards"`
		Datasources struct {
			UID string `yaml:"uid"`
		} `yaml:"datasources"`
	} `yaml:"sidecar"`
	Dashboards map[string]map[string]struct {
		URL string `yaml:"url"`
	} `yaml:"dashboards"`
}

func grafanaOf(t *testing.T) grafana {
	t.Helper()
	var release struct {
		Spec struct {
			Values struct {
				Grafana grafana `yaml:"grafana"`
			} `yaml:"values"`
		} `yaml:"spec"`
	}
	if err := readYAML(repository, "kubernetes/apps/monitoring/kube-prometheus-stack/app/helmrelease.yaml", &release); err != nil {
		t.Fatal(err)
	}
	return release.Spec.Values.Grafana
}

// ours are the dashboards of the tree, and the unit tests of each.
func ours(t *testing.T) (map[string]*dashboard, map[string]suite) {
	t.Helper()
	below, err := fs.Sub(repository, "kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	all, err := readDashboards(below)
	if err != nil {
		t.Fatal(err)
	}
	suites, err := readSuites(below)
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]suite{}
	for file, s := range suites {
		if s.Dashboard == "" {
			continue
		}
		if all[s.Dashboard] == nil {
			t.Errorf("%s: there is no dashboard %s", file, s.Dashboard)
		}
		of[s.Dashboard] = s
	}
	if len(all) == 0 {
		t.Fatal("kubernetes has no dashboard")
	}
	return all, of
}

func TestDashboards_AskOnlyForWhatARecordedProgramExposes(t *testing.T) {
	all, _ := ours(t)
	metrics := scraped(records(t))
	uids := map[string]string{}
	for file, d := range all {
		if err := d.check(metrics); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if other := uids[d.UID]; other != "" {
			t.Errorf("%s and %s have one uid, and Grafana takes one of them", file, other)
		}
		uids[d.UID] = file
	}
}

func TestDashboards_GrafanaFindsEachOfThem(t *testing.T) {
	all, _ := ours(t)
	of := grafanaOf(t)
	if of.Sidecar.Datasources.UID != datasourceUID {
		t.Errorf("the chart's Prometheus is %q, and dashboards ask %q", of.Sidecar.Datasources.UID, datasourceUID)
	}
	below, err := fs.Sub(repository, "kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	for file := range all {
		if err := listedBy(below, file, of.Sidecar.Dashboards.Label, of.Sidecar.Dashboards.LabelValue); err != nil {
			t.Error(err)
		}
	}
}

// One of grafana.com, which comes by number, asks for what nobody has recorded.
func TestDashboards_ThatComeByAddressAskOnlyForWhatARecordedProgramExposes(t *testing.T) {
	metrics := scraped(records(t))
	judged := 0
	for name, dashboard := range grafanaOf(t).Dashboards["tree"] {
		if dashboard.URL == "" {
			t.Errorf("%s: it comes by number, and nobody can judge what it asks for; import it in Grafana, whose volume keeps it, "+
				"or write one beside kubernetes/apps/monitoring/dashboards", name)
			continue
		}
		judged++
		var recorded struct {
			URL     string   `yaml:"url"`
			Metrics []string `yaml:"metrics"`
		}
		content, err := dashboards.ReadFile("dashboards/" + name + ".yaml")
		if err != nil {
			t.Errorf("%s: what it asks for is not recorded: %v", name, err)
			continue
		}
		if err := yaml.Unmarshal(content, &recorded); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if recorded.URL != dashboard.URL || len(recorded.Metrics) == 0 {
			t.Errorf("%s: recorded is %s, and Grafana fetches %s; record what that asks for", name, recorded.URL, dashboard.URL)
		}
		for _, metric := range recorded.Metrics {
			if _, ok := metrics[metric]; !ok {
				t.Errorf("%s: no recorded program exposes %s", name, metric)
			}
		}
	}
	if judged == 0 {
		t.Error("no dashboard comes by address; then this test can go")
	}
}

func TestTiles_AreOfTheColoursThatTheirTestsSay(t *testing.T) {
	all, suites := ours(t)
	for file, s := range suites {
		if err := s.runPanels(all[file], ""); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// A tile that is not well for want of any series would not be with a mistake in it, too.
func TestTiles_EachHasATestInWhichItIsWellAndOneInWhichItIsNot(t *testing.T) {
	all, suites := ours(t)
	for file, d := range all {
		for _, p := range d.tiles() {
			is := map[bool]bool{}
			s := suites[file]
			for _, c := range s.Tests {
				for _, test := range c.PanelTest {
					if colour := test.Colours[p.Title]; colour != "" && c.feeds(t, p.Targets[0].Expr) {
						is[colour == well] = true
					}
				}
			}
			if !is[true] || !is[false] {
				t.Errorf("%s: %s: a test lacks in which it is %s, or another colour over series of every metric that it names", file, p.Title, well)
			}
		}
	}
}

func TestTiles_AreNeverWellWithoutData(t *testing.T) {
	all, _ := ours(t)
	for file, d := range all {
		for _, p := range d.tiles() {
			value, err := (&testCase{}).ask(p.Targets[0].Expr, model.Duration(60e9), 0)
			if err != nil || value != nil || p.colour(nil) == well {
				t.Errorf("%s: %s is %s, with %s: %v", file, p.Title, p.colour(value), number(value), err)
			}
		}
	}
}

// tileMutants are the mistakes that a person makes in a tile: those in a rule, a label that must be another one, and a
// colour that begins too early or too late.
func tileMutants(t *testing.T, p *panel) map[string]*panel {
	t.Helper()
	all := map[string]*panel{}
	copied := func(name string) *panel {
		c := *p
		c.Targets = slices.Clone(p.Targets)
		c.FieldConfig.Defaults.Thresholds.Steps = slices.Clone(p.FieldConfig.Defaults.Thresholds.Steps)
		all[name] = &c
		return &c
	}
	expr := p.Targets[0].Expr
	for _, m := range exprMutants(t, expr) {
		copied(m).Targets[0].Expr = m
	}
	count, err := selectors(expr)
	if err != nil {
		t.Fatal(err)
	}
	for i := range count {
		for j, matcher := range count[i].LabelMatchers {
			if matcher.Name == labels.MetricName {
				continue
			}
			parsed, err := promql.ParseExpr(expr)
			if err != nil {
				t.Fatal(err)
			}
			of := vectorSelectors(parsed)[i]
			of.LabelMatchers[j] = labels.MustNewMatcher(inverse[matcher.Type], matcher.Name, matcher.Value)
			copied(parsed.String()).Targets[0].Expr = parsed.String()
		}
	}
	steps := p.FieldConfig.Defaults.Thresholds.Steps
	for i, s := range steps {
		if i == 0 || *s.Value == 0 {
			continue
		}
		shifted := []float64{*s.Value * 1.25, *s.Value * 0.75}
		if counted := *s.Value >= 1 && *s.Value <= 10; counted {
			shifted = []float64{*s.Value + 1}
			if below := *s.Value - 1; below > 0 && (i == 1 || below > *steps[i-1].Value) {
				shifted = append(shifted, below)
			}
		}
		for _, value := range shifted {
			copied(fmt.Sprintf("%s from %v on", s.Color, value)).FieldConfig.Defaults.Thresholds.Steps[i].Value = &value
		}
	}
	return all
}

var inverse = map[labels.MatchType]labels.MatchType{
	labels.MatchEqual: labels.MatchNotEqual, labels.MatchNotEqual: labels.MatchEqual,
	labels.MatchRegexp: labels.MatchNotRegexp, labels.MatchNotRegexp: labels.MatchRegexp,
}

func vectorSelectors(expr parser.Expr) []*parser.VectorSelector {
	var all []*parser.VectorSelector
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			all = append(all, s)
		}
		return nil
	})
	return all
}

func TestTiles_AMistakeInAnyOfThemTurnsItsTestRed(t *testing.T) {
	all, suites := ours(t)
	for file, s := range suites {
		for i, p := range all[file].Panels {
			if p.Type != tile {
				continue
			}
			for name, mutant := range tileMutants(t, &p) {
				t.Run(p.Title+"/"+name, func(t *testing.T) {
					t.Parallel()
					d := *all[file]
					d.Panels = slices.Clone(d.Panels)
					d.Panels[i] = *mutant
					if err := s.runPanels(&d, p.Title); err == nil {
						t.Error("the tests of the dashboard are still green")
					}
				})
			}
		}
	}
}

const wholeDashboard = `{
  "uid": "u", "title": "T", "description": "d", "tags": ["home"],
  "panels": [
    {"id": 1, "type": "stat", "title": "Down", "description": "d", "gridPos": {"x": 0, "y": 0, "w": 12, "h": 4},
     "datasource": {"type": "prometheus", "uid": "prometheus"},
     "targets": [{"refId": "A", "expr": "sum by (job) (up == bool 0)", "instant": true, "legendFormat": "{{job}}"}],
     "fieldConfig": {"defaults": {"noValue": "n", "thresholds": {"mode": "absolute", "steps": [
       {"color": "red", "value": null}, {"color": "green", "value": 0}, {"color": "red", "value": 1}]}}}},
    {"id": 2, "type": "table", "title": "Which", "description": "d", "gridPos": {"x": 12, "y": 0, "w": 12, "h": 4},
     "datasource": {"type": "prometheus", "uid": "prometheus"},
     "targets": [{"refId": "A", "expr": "max by (instance) (up)", "instant": true}],
     "fieldConfig": {"defaults": {"noValue": "n"}},
     "transformations": [{"id": "organize", "options": {"indexByName": {"instance": 0}, "renameByName": {"instance": "i"}}}]}
  ]
}`

func TestDashboard_SeesEachFault(t *testing.T) {
	metrics := map[string]series{"up": {labels: []string{"instance", "job"}}}
	for name, test := range map[string]struct{ old, new, want string }{
		"all is right":               {"", "", ""},
		"an unknown metric":          {"(up == bool 0)", "(upp == bool 0)", "Down: no recorded program exposes upp; is it right? then record it in rack/promrules/metrics"},
		"broken PromQL":              {"(up == bool 0)", "(up == bool 0", "Down: 1:27: parse error: unclosed left parenthesis"},
		"an unknown label":           {"(up == bool 0)", `(up{jbo=\"a\"} == bool 0)`, "Down: up has no label jbo; it has [instance job]"},
		"an unknown label to group":  {"sum by (job)", "sum by (jbo, job)", "Down: sum by (jbo, job) (up == bool 0): the metrics have no label jbo; they have [instance job]"},
		"a legend without its label": {"{{job}}", "{{instance}}", "Down: sum by (job) (up == bool 0): the legend names label instance, and the answer has [job]"},
		"a column without its label": {`"indexByName": {"instance": 0}`, `"indexByName": {"instance": 0, "job": 1}`, "Which: max by (instance) (up): a column is label job, and the answer has [instance]"},
		"a key that nobody knows":    {`"title": "Down"`, `"tittle": "Down"`, `a.json: json: unknown field "tittle"`},
		"no data is well":            {`{"color": "red", "value": null}`, `{"color": "green", "value": null}`, "Down: without data it would be well, or it asks more than one question: the first threshold of a tile is for no data"},
		"one lies on the other":      {`"x": 12,`, `"x": 11,`, "Which: it lies on Down"},
		"it lies outside":            {`"x": 12,`, `"x": 13,`, "Which: it lies beyond the 24 columns"},
		"one id for two":             {`"id": 2`, `"id": 1`, "Which: another panel has its id or title"},
		"another data source":        {`"uid": "prometheus"}`, `"uid": "other"}`, `Down: it asks "other"; the chart's Prometheus is prometheus`},
		"a kind that is not ours":    {`"type": "table"`, `"type": "tabel"`, `Which: its kind is "tabel"; take one of [stat bargauge state-timeline table timeseries]`},
		"neither instant nor range":  {`"instant": true}]`, `"format": "table"}]`, "Which: refId is missing or twice, or the query is not either instant or range"},
		"nothing is asked":           {`[{"refId": "A", "expr": "max by (instance) (up)", "instant": true}]`, "[]", "Which: it asks for nothing"},
		"no tag":                     {`["home"]`, `[]`, "the tag home is missing, by which the parts are linked"},
		"thresholds fall":            {`{"color": "red", "value": 1}`, `{"color": "red", "value": -1}`, "Down: the first threshold has a value, another one none, or they do not rise"},
	} {
		text := strings.Replace(wholeDashboard, test.old, test.new, 1)
		if test.old != "" && text == wholeDashboard {
			t.Fatalf("%s: %q is not in the dashboard", name, test.old)
		}
		all, err := readDashboards(fstest.MapFS{"a.json": {Data: []byte(text)}})
		if err == nil {
			err = all["a.json"].check(metrics)
		}
		if got := strings.TrimPrefix(fmt.Sprint(err), "<nil>"); got != test.want {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, test.want)
		}
	}
	if !json.Valid([]byte(wholeDashboard)) {
		t.Error("the dashboard of this test is no JSON")
	}
}

func TestListedBy_SeesWhatGrafanaWouldNotFind(t *testing.T) {
	const whole = "configMapGenerator:\n  - name: a\n    files: [a.json]\n    options: { labels: { dashboard: \"1\" } }\n"
	for old, change := range map[string]string{"": "", "a.json": "b.json", `"1"`: `"0"`, "dashboard:": "board:"} {
		err := listedBy(fstest.MapFS{"d/kustomization.yaml": {Data: []byte(strings.Replace(whole, old, change, 1))}}, "d/a.json", "dashboard", "1")
		want := `d/a.json: no configMapGenerator of d/kustomization.yaml has it with the label dashboard: "1", by which Grafana finds it`
		if got := fmt.Sprint(err); (old == "") != (err == nil) || err != nil && got != want {
			t.Errorf("%s as %s: %s", old, change, got)
		}
	}
}

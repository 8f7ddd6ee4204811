package promrules

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	promengine "github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	promrules "github.com/prometheus/prometheus/rules"
	"go.yaml.in/yaml/v3"
)

// suite is a file of unit tests, of promtool's format that part which tests alerts.
type suite struct {
	// RuleFiles are beside the file. Unlike promtool's they are PrometheusRules.
	RuleFiles []string `yaml:"rule_files"`
	// Dashboard is beside the file: the one whose tiles PanelTest speaks of. Promtool's format has none.
	Dashboard string `yaml:"dashboard"`
	// EvaluationInterval is how often the rules are evaluated, and how far apart samples are.
	EvaluationInterval model.Duration `yaml:"evaluation_interval"`
	Tests              []testCase     `yaml:"tests"`
}

// testCase is what was scraped, and which alerts that brings about.
type testCase struct {
	Name        string `yaml:"name"`
	InputSeries []struct {
		Series string `yaml:"series"`
		Values string `yaml:"values"`
	} `yaml:"input_series"`
	AlertRuleTest []expectation `yaml:"alert_rule_test"`
	PanelTest     []panelTest   `yaml:"panel_test"`
}

// panelTest is the colours of tiles, by their titles, at a time after the first sample.
type panelTest struct {
	EvalTime model.Duration    `yaml:"eval_time"`
	Colours  map[string]string `yaml:"colours"`
}

// expectation is that exactly these alerts of a name fire at a time after the first sample; none is silence.
type expectation struct {
	EvalTime  model.Duration `yaml:"eval_time"`
	Alertname string         `yaml:"alertname"`
	ExpAlerts []struct {
		Labels      map[string]string `yaml:"exp_labels"`
		Annotations map[string]string `yaml:"exp_annotations"`
	} `yaml:"exp_alerts"`
}

// readSuites reads the files of unit tests in the tree, by their path. The rule files in them become paths in the tree.
func readSuites(tree fs.FS) (map[string]suite, error) {
	suites := map[string]suite{}
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, testSuffix) {
			return err
		}
		content, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		var s suite
		decoder := yaml.NewDecoder(bytes.NewReader(content))
		decoder.KnownFields(true)
		if err := decoder.Decode(&s); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if s.EvaluationInterval == 0 {
			s.EvaluationInterval = model.Duration(time.Minute)
		}
		for i, file := range s.RuleFiles {
			s.RuleFiles[i] = path.Join(path.Dir(name), file)
		}
		if s.Dashboard != "" {
			s.Dashboard = path.Join(path.Dir(name), s.Dashboard)
		}
		suites[name] = s
		return nil
	})
	return suites, err
}

// run evaluates the rules over each case, and says where other alerts fire than are expected.
func (s *suite) run(ctx context.Context, r rules) error {
	var errs []error
	for _, file := range s.RuleFiles {
		if r[file] == nil {
			errs = append(errs, fmt.Errorf("rule_files: %s has no PrometheusRule", file))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for _, c := range s.Tests {
		if err := s.runCase(ctx, r, &c); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (s *suite) runCase(ctx context.Context, r rules, c *testCase) (err error) {
	every := time.Duration(s.EvaluationInterval)
	storage, err := promqltest.NewLazyLoader(c.load(s.EvaluationInterval),
		promqltest.LazyLoaderOpts{EnableAtModifier: true, EnableNegativeOffset: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, storage.Close()) }()
	manager := promrules.NewManager(&promrules.ManagerOptions{
		Context: ctx, Logger: slog.New(slog.DiscardHandler), Parser: promql, GroupLoader: loader(r),
		QueryFunc:  promrules.EngineQueryFunc(storage.QueryEngine(), storage.Storage()),
		Appendable: storage.Storage(),
		NotifyFunc: func(context.Context, string, ...*promrules.Alert) {},
	})
	loaded, loadErrs := manager.LoadGroups(every, labels.EmptyLabels(), "", nil, false, s.RuleFiles...)
	if len(loadErrs) > 0 {
		return errors.Join(loadErrs...)
	}
	groups := slices.SortedFunc(maps.Values(loaded), func(a, b *promrules.Group) int { return strings.Compare(a.Name(), b.Name()) })
	var errs []error
	left := slices.Clone(c.AlertRuleTest)
	for now := time.Unix(0, 0).UTC(); len(left) > 0; now = now.Add(every) {
		storage.WithSamplesTill(now, func(err error) {
			errs = append(errs, err)
			for _, group := range groups {
				group.Eval(storage.Context(), now)
				for _, rule := range group.Rules() {
					errs = append(errs, rule.LastError())
				}
			}
		})
		if err := errors.Join(errs...); err != nil {
			return err
		}
		left = slices.DeleteFunc(left, func(e expectation) bool {
			if time.Duration(e.EvalTime) >= now.Add(every).Sub(time.Unix(0, 0)) {
				return false
			}
			errs = append(errs, e.compare(firing(groups, e.Alertname)))
			return true
		})
	}
	return errors.Join(errs...)
}

// runPanels asks what the tiles of a dashboard ask in each case, and says which is of another colour than is expected.
// Only, unless it is empty, is the title of the one to ask for.
func (s *suite) runPanels(d *dashboard, only string) error {
	var errs []error
	for _, c := range s.Tests {
		for _, test := range c.PanelTest {
			for title, want := range test.Colours {
				p := d.tile(title)
				switch {
				case p == nil:
					errs = append(errs, fmt.Errorf("%s: %s has no tile %s", c.Name, s.Dashboard, title))
				case only == "" || only == title:
					value, err := c.ask(p.Targets[0].Expr, s.EvaluationInterval, time.Duration(test.EvalTime))
					if err != nil {
						errs = append(errs, fmt.Errorf("%s: %s: %w", c.Name, title, err))
					} else if got := p.colour(value); got != want {
						errs = append(errs, fmt.Errorf("%s: %s after %s is %s with %s, want %s", c.Name, title, test.EvalTime, got, number(value), want))
					}
				}
			}
		}
	}
	return errors.Join(errs...)
}

// ask is the one number that an expression has at a time, or nil.
func (c *testCase) ask(expr string, every model.Duration, at time.Duration) (value *float64, err error) {
	storage, err := promqltest.NewLazyLoader(c.load(every), promqltest.LazyLoaderOpts{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, storage.Close()) }()
	now := time.Unix(0, 0).UTC().Add(at)
	storage.WithSamplesTill(now, func(loadErr error) {
		if err = loadErr; err != nil {
			return
		}
		var answer promengine.Vector
		answer, err = promrules.EngineQueryFunc(storage.QueryEngine(), storage.Storage())(storage.Context(), expr, now)
		switch {
		case err != nil:
		case len(answer) > 1:
			err = fmt.Errorf("%s has %d values, and a tile shows one", expr, len(answer))
		case len(answer) == 1:
			value = &answer[0].F
		}
	})
	return value, err
}

func number(value *float64) string {
	if value == nil {
		return "no data"
	}
	return fmt.Sprint(*value)
}

// load is the case's series as the engine's own tests write them.
func (c *testCase) load(every model.Duration) string {
	text := fmt.Sprintf("load %ds\n", int(time.Duration(every).Seconds()))
	for _, s := range c.InputSeries {
		text += fmt.Sprintf("  %s %s\n", s.Series, s.Values)
	}
	return text
}

// firing are the alerts of a name that fire, as texts in order.
func firing(groups []*promrules.Group, name string) []string {
	var texts []string
	for _, group := range groups {
		for _, rule := range group.AlertingRules() {
			if rule.Name() != name {
				continue
			}
			for _, alert := range rule.ActiveAlerts() {
				if alert.State == promrules.StateFiring {
					texts = append(texts, describe(alert.Labels, alert.Annotations))
				}
			}
		}
	}
	slices.Sort(texts)
	return texts
}

func (e *expectation) compare(got []string) error {
	var want []string
	for _, alert := range e.ExpAlerts {
		of := labels.NewBuilder(labels.FromMap(alert.Labels)).Set(labels.AlertName, e.Alertname).Labels()
		want = append(want, describe(of, labels.FromMap(alert.Annotations)))
	}
	slices.Sort(want)
	if slices.Equal(got, want) {
		return nil
	}
	return fmt.Errorf("%s after %s:\n  want %s\n  got  %s", e.Alertname, e.EvalTime,
		strings.Join(want, "\n       "), strings.Join(got, "\n       "))
}

// describe is an alert in a line. Where its runbook is, [runbook] says of every alert in the same way.
func describe(of, annotations labels.Labels) string {
	return of.String() + " " + labels.NewBuilder(annotations).Del(runbookAnnotation).Labels().String()
}

// loader hands the rules manager what was read already.
type loader rules

func (l loader) Load(file string, _ bool, _ model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	return l[file], nil
}

func (l loader) Parse(query string) (parser.Expr, error) { return promql.ParseExpr(query) }

package promrules

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

var (
	// templated is a label that an annotation names.
	templated = regexp.MustCompile(`\$labels\.(\w+)`)
	// legendLabel is one that the legend of a panel names.
	legendLabel = regexp.MustCompile(`\{\{(\w+)\}\}`)
)

// selectors are those of an expression.
func selectors(expr string) ([]*parser.VectorSelector, error) {
	parsed, err := promql.ParseExpr(expr)
	if err != nil {
		return nil, err
	}
	var all []*parser.VectorSelector
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			all = append(all, s)
		}
		return nil
	})
	return all, nil
}

// checkExpr says which metrics and labels an expression names that nobody exposes, and has all labels of its metrics.
func checkExpr(expr string, metrics map[string]series) (known []string, err error) {
	all, err := selectors(expr)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, s := range all {
		of, ok := metrics[s.Name]
		if !ok {
			errs = append(errs, fmt.Errorf("no recorded program exposes %s; is it right? then record it in rack/promrules/metrics", s))
			continue
		}
		known = append(known, of.labels...)
		for _, matcher := range s.LabelMatchers {
			if matcher.Name != labels.MetricName && !slices.Contains(of.labels, matcher.Name) {
				errs = append(errs, fmt.Errorf("%s has no label %s; it has %v", s.Name, matcher.Name, of.labels))
			}
		}
	}
	return known, errors.Join(errs...)
}

// checkNames says which metrics and labels a rule names that nobody exposes.
func checkNames(rule *rulefmt.Rule, metrics map[string]series) error {
	known, err := checkExpr(rule.Expr, metrics)
	var errs []error
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			errs = append(errs, fmt.Errorf("%s: %s", rule.Alert, line))
		}
	}
	for name, text := range rule.Annotations {
		for _, match := range templated.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(known, match[1]) {
				errs = append(errs, fmt.Errorf("%s: annotation %s names label %s, and the metrics have %v", rule.Alert, name, match[1], known))
			}
		}
	}
	return errors.Join(errs...)
}

// checkSeries says which series of a case are not what a scrape makes.
func (c *testCase) checkSeries(metrics map[string]series) error {
	var errs []error
	for _, s := range c.InputSeries {
		of, err := promql.ParseMetric(s.Series)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.Name, err))
			continue
		}
		want, ok := metrics[of.Get(labels.MetricName)]
		if !ok {
			errs = append(errs, fmt.Errorf("%s: no recorded program exposes %s", c.Name, s.Series))
			continue
		}
		of.Range(func(l labels.Label) {
			if l.Name != labels.MetricName && !slices.Contains(want.labels, l.Name) {
				errs = append(errs, fmt.Errorf("%s: %s: a scrape leaves no label %s; it leaves %v", c.Name, s.Series, l.Name, want.labels))
			}
		})
		// Without both, nobody sees that an alert names the wrong one.
		for _, renamed := range want.renamed {
			for _, label := range []string{renamed, strings.TrimPrefix(renamed, renamedPrefix)} {
				if of.Get(label) == "" {
					errs = append(errs, fmt.Errorf("%s: %s: label %s is missing; a scrape leaves %v", c.Name, s.Series, label, want.labels))
				}
			}
		}
	}
	return errors.Join(errs...)
}

// checkMonitor says whether the tree's monitor, where it is one of the tree's, treats labels as the record has it.
func (r *record) checkMonitor(repository fs.FS) error {
	if !strings.HasPrefix(r.Scrape.Monitor, "kubernetes/") {
		return nil // an object of a chart
	}
	content, err := fs.ReadFile(repository, r.Scrape.Monitor)
	if err != nil {
		return fmt.Errorf("%s: %w", r.Exporter, err)
	}
	type endpoint struct {
		HonorLabels bool `yaml:"honorLabels"`
	}
	var monitor struct {
		Spec struct {
			Endpoints           []endpoint `yaml:"endpoints"`
			PodMetricsEndpoints []endpoint `yaml:"podMetricsEndpoints"`
		} `yaml:"spec"`
	}
	if err := yaml.Unmarshal(content, &monitor); err != nil {
		return fmt.Errorf("%s: %w", r.Scrape.Monitor, err)
	}
	for _, e := range append(monitor.Spec.Endpoints, monitor.Spec.PodMetricsEndpoints...) {
		if e.HonorLabels != r.Scrape.HonorLabels {
			return fmt.Errorf("%s: honorLabels is %t in %s, and %t in the record; tests of rules have other labels then",
				r.Exporter, e.HonorLabels, r.Scrape.Monitor, r.Scrape.HonorLabels)
		}
	}
	return nil
}

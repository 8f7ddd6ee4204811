package promrules

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// testSuffix is what the names of unit tests end in. Flux never sees them: no kustomization.yaml lists them.
const testSuffix = "_test.yaml"

// promql is the language as Prometheus reads it without feature flags.
var promql = parser.NewParser(parser.Options{})

// rules are the groups of the PrometheusRules in the tree, by the path of their file.
type rules map[string]*rulefmt.RuleGroups

// readRules reads every PrometheusRule as Prometheus does once the operator has handed it over, which is its spec.
func readRules(tree fs.FS) (rules, error) {
	all := rules{}
	var errs []error
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".yaml" || strings.HasSuffix(name, testSuffix) {
			return err
		}
		content, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		groups, err := groupsOf(content)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		if groups != nil {
			all[name] = groups
		}
		return nil
	})
	return all, errors.Join(append(errs, err)...)
}

// groupsOf reads the PrometheusRules among the documents of a file; nil where there are none.
func groupsOf(content []byte) (*rulefmt.RuleGroups, error) {
	var all *rulefmt.RuleGroups
	decoder := yaml.NewDecoder(strings.NewReader(string(content)))
	for {
		var object struct {
			Kind string    `yaml:"kind"`
			Spec yaml.Node `yaml:"spec"`
		}
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		// A patch is a list, and no object.
		if mismatch := new(yaml.TypeError); errors.As(err, &mismatch) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if object.Kind != "PrometheusRule" {
			continue
		}
		spec, err := yaml.Marshal(&object.Spec)
		if err != nil {
			return nil, err
		}
		groups, errs := rulefmt.Parse(spec, false, model.UTF8Validation, promql, slog.New(slog.DiscardHandler))
		if len(errs) > 0 {
			return nil, errors.Join(errs...)
		}
		if all == nil {
			all = &rulefmt.RuleGroups{}
		}
		all.Groups = append(all.Groups, groups.Groups...)
	}
}

// each calls do with every rule and its file.
func (r rules) each(do func(file string, rule *rulefmt.Rule)) {
	for file, groups := range r {
		for g := range groups.Groups {
			for i := range groups.Groups[g].Rules {
				do(file, &groups.Groups[g].Rules[i])
			}
		}
	}
}

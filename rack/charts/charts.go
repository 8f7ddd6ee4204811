// Package charts holds stand-ins for the Helm charts that a stack and its tree install. A chart here has the
// workloads, services, service accounts and kinds of the genuine one, for those are what others depend on: templates that
// all share make them of its facts, and its own say images, arguments and what values change. It has nothing else of the
// genuine one. Who watches the kinds is simulated elsewhere or not at all. Every object says what it is with the annotation
// rack.home-ops/stand-in.
package charts

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/rack/charts/lock"
	"github.com/home-ops/home-ops/spec"
)

// Chart is a packaged chart and where the program finds it.
type Chart struct {
	lock.Entry
	// Host is the registry's, or the repository's where Classic.
	Host    string
	Classic bool
	// Path is the place at the host, without the chart's name.
	Path string
	// Archive is the chart as `helm package` writes it; a stand-in's is the same for the same versions and definitions.
	Archive []byte
	// Genuine is one as its publisher made it.
	Genuine bool
}

// Repository is the place in an OCI registry, with the version as its tag.
func (c Chart) Repository() string {
	return path.Join(c.Path, c.Name()) + ":" + strings.ReplaceAll(c.Version, "+", "_")
}

// Options say what charts are made of.
type Options struct {
	// CRDs is the folder of the definitions that stand-ins carry, as rack/crds writes it.
	CRDs string
	// Genuine is a folder of genuine charts, as NAME-VERSION.tgz; empty for none.
	Genuine string
	// Modules are the folders of Go modules, by their paths, that may have genuine charts in them.
	Modules map[string]string
}

// All are the charts that the plan of a stack installs, and those of the tree: in versions that the stack decides, and
// in those that it names itself. One that lock/lock.yaml does not list is refused.
func All(planned []plan.Chart, v spec.Versions, tree fs.FS, o Options) ([]Chart, error) {
	var all []Chart
	var errs []error
	served := map[plan.Chart]bool{}
	for _, chart := range planned {
		if served[chart] {
			continue
		}
		served[chart] = true
		c, err := ofPlan(chart, o)
		all, errs = append(all, c), append(errs, err)
	}
	for _, r := range table {
		if r.version == nil {
			continue
		}
		c, err := r.packaged(r.version(v), o)
		all, errs = append(all, c), append(errs, err)
	}
	ofTree, err := ofTree(tree, o)
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return append(all, ofTree...), nil
}

// ofPlan is a chart that the plan installs.
func ofPlan(chart plan.Chart, o Options) (Chart, error) {
	place := strings.TrimSuffix(chart.Registry, "/") + "/" + chart.Name
	for _, r := range table {
		if r.place() == place {
			return r.packaged(spec.Version(chart.Version), o)
		}
	}
	return Chart{}, fmt.Errorf("the plan installs %s, of which there is no stand-in; add a row to rack/charts/table.go and a folder of templates", chart)
}

// packaged is the chart in one version: the genuine one where there is one, else its stand-in.
func (r row) packaged(version spec.Version, o Options) (Chart, error) {
	entry, err := lock.Find(r.place(), string(version))
	if err != nil {
		return Chart{}, err
	}
	c := Chart{Entry: entry, Host: r.host, Path: r.path, Classic: r.classic}
	published, err := genuine(entry, o)
	switch {
	case err != nil:
	case published != nil:
		c.Genuine = true
		c.Archive, err = archived(published)
	default:
		c.Archive, err = r.archive(version, o.CRDs)
	}
	if err != nil {
		return Chart{}, fmt.Errorf("chart %s: %w", r.name, err)
	}
	return c, nil
}

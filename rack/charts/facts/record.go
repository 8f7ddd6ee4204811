package facts

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"helm.sh/helm/v3/pkg/chart"
	helm "helm.sh/helm/v3/pkg/release"

	"github.com/home-ops/home-ops/rack/charts/uses"
)

// Record looks at what the chart becomes with the values of each use. Source says where the chart came from.
func Record(c *chart.Chart, all []uses.Use, source string) (*Facts, error) {
	keys, err := keysOfChart(c)
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", c.Name(), err)
	}
	f := &Facts{
		Chart: c.Name(), Version: c.Metadata.Version, AppVersion: c.Metadata.AppVersion, Source: source, Values: keys,
	}
	definitions := map[string]Definition{}
	for _, crd := range c.CRDObjects() {
		for _, o := range documents(string(crd.File.Data)) {
			definitions[o.GetName()] = Definition{Name: o.GetName(), InstallOnly: true}
		}
	}
	for _, use := range all {
		r, rendered, err := releaseOf(c, use)
		if err != nil {
			return nil, fmt.Errorf("chart %s as release %s of %s: %w", c.Name(), use.Release, use.Stack, err)
		}
		for _, d := range rendered {
			definitions[d.Name] = d
		}
		f.add(r)
	}
	for _, d := range definitions {
		f.Definitions = append(f.Definitions, d)
	}
	slices.SortFunc(f.Definitions, func(a, b Definition) int { return cmp.Compare(a.Name, b.Name) })
	return f, nil
}

// add takes a release in; one that is as another but for its stack joins it.
func (f *Facts) add(r Release) {
	for i := range f.Releases {
		known := f.Releases[i]
		known.Stacks = r.Stacks
		if reflect.DeepEqual(known, r) {
			if !slices.Contains(f.Releases[i].Stacks, r.Stacks[0]) {
				f.Releases[i].Stacks = append(f.Releases[i].Stacks, r.Stacks...)
			}
			return
		}
	}
	f.Releases = append(f.Releases, r)
}

// releaseOf is what the chart becomes with the values of a use, and the definitions that are in it.
func releaseOf(c *chart.Chart, use uses.Use) (Release, []Definition, error) {
	rendered, err := render(c, use)
	if err != nil {
		return Release{}, nil, err
	}
	r := Release{Name: use.Release, Namespace: use.Namespace, Stacks: []string{use.Stack}}
	var definitions []Definition
	for _, o := range documents(rendered.Manifest) {
		if o.GetKind() == "CustomResourceDefinition" {
			kept := o.GetAnnotations()["helm.sh/resource-policy"] == "keep"
			definitions = append(definitions, Definition{Name: o.GetName(), Kept: kept})
			continue
		}
		if err := r.take(o); err != nil {
			return r, nil, fmt.Errorf("%s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	for _, hook := range rendered.Hooks {
		if slices.Equal(hook.Events, []helm.HookEvent{helm.HookTest}) {
			continue // for people who type helm test
		}
		for _, o := range documents(hook.Manifest) {
			pod, err := podOf(o)
			if err != nil {
				return r, nil, fmt.Errorf("hook %s %s: %w", o.GetKind(), o.GetName(), err)
			}
			h := Hook{Kind: o.GetKind(), Name: o.GetName(), Pod: pod}
			for _, event := range hook.Events {
				h.Events = append(h.Events, string(event))
			}
			r.Hooks = append(r.Hooks, h)
		}
	}
	r.sort()
	return r, definitions, nil
}

// sort makes a record the same each time.
func (r *Release) sort() {
	slices.SortFunc(r.Workloads, func(a, b Workload) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	slices.SortFunc(r.Services, func(a, b Service) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(r.Webhooks, func(a, b Webhook) int {
		return cmp.Or(cmp.Compare(a.Configuration, b.Configuration), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(r.Hooks, func(a, b Hook) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	for _, names := range [][]string{r.ServiceAccounts, r.APIServices, r.Others} {
		slices.Sort(names)
	}
}

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"helm.sh/helm/v3/pkg/chart/loader"

	"github.com/home-ops/home-ops/rack/charts/facts"
	"github.com/home-ops/home-ops/rack/charts/uses"
)

// recording is what a person says about a chart to be recorded.
type recording struct {
	chart, version, appVersion, source, project string
}

// record writes the facts of the chart, and says where.
func (r recording) record() (string, error) {
	c, err := loader.Load(r.chart)
	if err != nil {
		return "", fmt.Errorf("%s: %w", r.chart, err)
	}
	if r.version != "" {
		c.Metadata.Version = r.version
	}
	if r.appVersion != "" {
		c.Metadata.AppVersion = r.appVersion
	}
	if r.source == "" {
		r.source = filepath.Base(r.chart)
	}
	all, err := uses.Project(r.project)
	if err != nil {
		return "", err
	}
	var ours []uses.Use
	installed := map[string]bool{}
	for _, use := range all {
		if use.Chart() == c.Name() {
			installed[use.Version] = true
			if use.Version == c.Metadata.Version {
				ours = append(ours, use)
			}
		}
	}
	if len(ours) == 0 {
		return "", fmt.Errorf("no stack installs %s %s; of that chart they have %v",
			c.Name(), c.Metadata.Version, slices.Sorted(maps.Keys(installed)))
	}
	f, err := facts.Record(c, ours, r.source)
	if err != nil {
		return "", err
	}
	content, err := f.Write()
	if err != nil {
		return "", err
	}
	file := filepath.Join(r.project, "rack", "charts", "facts", "records", facts.File(f.Chart, f.Version))
	return file, os.WriteFile(file, content, 0o644)
}

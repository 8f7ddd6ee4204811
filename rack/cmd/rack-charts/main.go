// Command rack-charts looks at genuine charts for the rack.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"

	"github.com/home-ops/home-ops/rack/charts/facts"
	"github.com/home-ops/home-ops/rack/charts/uses"
)

const usage = `usage: rack-charts record -chart FILE|DIR [-version VERSION] [-app-version VERSION] [-source TEXT] [-project DIR]

record  writes what the chart is like, rendered with the values of every stack file, to rack/charts/facts/records
`

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 || args[0] != "record" {
		return errors.New(usage)
	}
	flags := flag.NewFlagSet("record", flag.ContinueOnError)
	path := flags.String("chart", "", "the chart: a package or a folder")
	version := flags.String("version", "", "the chart's version, where its sources leave it to their release")
	appVersion := flags.String("app-version", "", "the version of its program, likewise")
	source := flags.String("source", "", "where the chart comes from; the package's file when empty")
	project := flags.String("project", "..", "the folder of Pulumi.yaml")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	c, err := loader.Load(*path)
	if err != nil {
		return fmt.Errorf("%s: %w", *path, err)
	}
	if *version != "" {
		c.Metadata.Version = *version
	}
	if *appVersion != "" {
		c.Metadata.AppVersion = *appVersion
	}
	if *source == "" {
		*source = filepath.Base(*path)
	}
	file, err := record(c, *source, *project)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "wrote", file)
	return nil
}

// record writes the facts of a chart, and says where.
func record(c *chart.Chart, source, project string) (string, error) {
	all, err := uses.Project(project)
	if err != nil {
		return "", err
	}
	var ours []uses.Use
	others := map[string]bool{}
	for _, use := range all {
		if use.Chart() == c.Name() {
			others[use.Version] = true
			if use.Version == c.Metadata.Version {
				ours = append(ours, use)
			}
		}
	}
	if len(ours) == 0 {
		return "", fmt.Errorf("no stack installs %s %s; of that chart they have %v", c.Name(), c.Metadata.Version, others)
	}
	f, err := facts.Record(c, ours, source)
	if err != nil {
		return "", err
	}
	content, err := f.Write()
	if err != nil {
		return "", err
	}
	file := filepath.Join(project, "rack", "charts", "facts", "records", facts.File(f.Chart, f.Version))
	return file, os.WriteFile(file, content, 0o644)
}

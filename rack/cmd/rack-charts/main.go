// Command rack-charts looks at genuine charts for the rack.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/home-ops/home-ops/rack/charts/lock"
)

const usage = `usage: rack-charts record -chart FILE|DIR [-version VERSION] [-app-version VERSION] [-source TEXT] [-project DIR]
       rack-charts fetch -to DIR

record  writes what a chart is like, rendered with the values of every stack file, to rack/charts/facts/records
fetch   puts the package of every chart of rack/charts/lock/lock.yaml into a folder, as NAME-VERSION.tgz
`

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New(strings.TrimSpace(usage))
	}
	flags := flag.NewFlagSet(args[0], flag.ContinueOnError)
	switch args[0] {
	case "record":
		var r recording
		flags.StringVar(&r.chart, "chart", "", "the chart: a package or a folder")
		flags.StringVar(&r.version, "version", "", "the chart's version, where its sources leave it to their release")
		flags.StringVar(&r.appVersion, "app-version", "", "the version of its program, likewise")
		flags.StringVar(&r.source, "source", "", "where the chart comes from; the package's file when empty")
		flags.StringVar(&r.project, "project", "..", "the folder of Pulumi.yaml")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		file, err := r.record()
		if err != nil {
			return err
		}
		fmt.Fprintln(out, "wrote", file)
		return nil
	case "fetch":
		to := flags.String("to", "", "the folder")
		if err := flags.Parse(args[1:]); err != nil {
			return err
		}
		if *to == "" {
			return errors.New(strings.TrimSpace(usage))
		}
		entries, err := lock.All()
		if err != nil {
			return err
		}
		return fetchAll(entries, *to, &http.Client{Timeout: 5 * time.Minute}, out)
	default:
		return errors.New(strings.TrimSpace(usage))
	}
}

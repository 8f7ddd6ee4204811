// Command rack rehearses a stack: it runs the unmodified program with the unmodified stack file under the real Pulumi
// engine, against simulated Talos nodes and real Kubernetes control planes, in a room sealed off from every network.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/home-ops/home-ops/rack/figures"
	"github.com/home-ops/home-ops/rack/launch"
	"github.com/home-ops/home-ops/rack/scenario"
	"github.com/home-ops/home-ops/rack/screen"
)

const usage = `usage: rack rehearse [flags]
       rack figures [REPORT.json ...]

rehearse  rehearses a stack and prints a table; the same as JSON is in out/rehearsal/STACK/report.json
figures   takes what the scenarios of reports have measured into docs/figures.json and the README, and which were ok at
          which commit into docs/walked.json and docs/rehearsals.md (default: the last report of each scenario and stack)
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "rack:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	switch {
	case len(args) > 0 && args[0] == "figures":
		return takeFigures(args[1:], out)
	case len(args) == 0 || args[0] != "rehearse":
		fmt.Fprint(out, usage)
		return errors.New("say what to do: rehearse or figures")
	}
	options := launch.Options{Out: out}
	flags := flag.NewFlagSet("rack rehearse", flag.ContinueOnError)
	flags.SetOutput(out)
	flags.StringVar(&options.Stack, "stack", "home", "the stack to rehearse")
	flags.StringVar(&options.Project, "project", ".", "the directory of Pulumi.yaml")
	flags.StringVar(&options.Plugins, "plugins", "", "a directory of genuine provider plugins and language host")
	flags.StringVar(&options.Charts, "charts", "", "a directory of genuine charts, NAME-VERSION.tgz; genuine: fetch them first")
	flags.BoolVar(&options.Genuine, "genuine", false, "run the operators themselves where they can be compiled, not simulated ones")
	flags.BoolVar(&options.Keep, "keep", false, "leave the rack up after the checks, until Ctrl-C")
	flags.StringVar(&options.Scenario, "scenario", "", "what else happens: "+strings.Join(scenario.Names(), ", "))
	flags.StringVar(&options.Base, "base", "", "the commit whose program makes the cluster in the scenario program")
	flags.DurationVar(&options.Limit, "limit", 0, "give up after this time, builds not counted (default: the scenario's)")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	drawn, err := onScreen(&options)
	if err != nil {
		return err
	}
	_, err = launch.Rehearse(ctx, options)
	if err := errors.Join(err, drawn.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, next, options.Stack)
	return err
}

// next is what comes after a rehearsal that was ok.
const next = `
next: make rehearse STACK=%[1]s KEEP=1           leaves it up, to look around in it
      make rehearse STACK=%[1]s SCENARIO=roll    lets something happen to it (docs/rehearsals.md names what can)
      docs/first-hour.md                      leads to a cluster of your own
`

// onScreen has a terminal show the rehearsal as a picture, and keeps the lines beside its reports. Wherever else the lines go, they
// stay lines.
func onScreen(o *launch.Options) (io.Closer, error) {
	terminal, is := o.Out.(*os.File)
	if !is || !screen.Wanted(terminal, os.Getenv) {
		return io.NopCloser(nil), nil
	}
	path := filepath.Join(o.Project, "out", "rehearsal", "last.log")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	log, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	s := screen.New(terminal, screen.SizeOf(terminal), log, path)
	o.Out = s
	return s, nil
}

func takeFigures(reports []string, out io.Writer) error {
	if len(reports) == 0 {
		var err error
		if reports, err = filepath.Glob(filepath.Join("out", "rehearsal", "*", "reports", "*.json")); err != nil {
			return err
		}
	}
	taken, err := figures.Update(".", reports)
	if err == nil {
		fmt.Fprintf(out, "%d figures of %d reports; a rehearsal that was not ok has none\n", taken, len(reports))
	}
	return err
}

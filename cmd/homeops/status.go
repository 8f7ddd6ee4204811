package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/home-ops/home-ops/cmd/homeops/health"
	"github.com/home-ops/home-ops/internal/kubeapi"
	"github.com/home-ops/home-ops/spec"
)

var statusCommand = command{
	name:    "status",
	args:    "STACK",
	summary: "Show how a running cluster is, in five lines, and the addresses of its pages",
	run:     showStatus,
}

// statusWithin is how long a cluster may take to answer: somebody waits for it.
const statusWithin = 20 * time.Second

// showStatus asks the cluster with the kubeconfig that `make kubeconfig` has written, or another one.
func showStatus(ctx context.Context, c call) error {
	flags := newFlags(c.name)
	file := flags.String("kubeconfig", "", "the `file` to reach the cluster with (default out/kubeconfig/STACK in the project)")
	names, err := c.parse(flags)
	if err != nil {
		return err
	}
	if len(names) != 1 {
		return usagef("%s: name one stack", c.name)
	}
	path, err := stackFile(names[0])
	if err != nil {
		return err
	}
	*file = cmp.Or(*file, filepath.Join(filepath.Dir(path), "out", "kubeconfig", spec.StackName(path)))
	content, err := os.ReadFile(*file)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not there: `make kubeconfig STACK=%s` writes it", *file, spec.StackName(path))
	}
	if err != nil {
		return err
	}
	api, err := kubeapi.Open(content)
	if err != nil {
		return fmt.Errorf("%s %w", *file, err)
	}
	ctx, cancel := context.WithTimeout(ctx, statusWithin)
	defer cancel()
	report, err := health.Of(ctx, api)
	if err != nil {
		return fmt.Errorf("the cluster does not answer: %w", err)
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, line := range report.Lines {
		fmt.Fprintf(w, "%s\t%s\t%s\n", map[bool]string{true: "ok", false: "BAD"}[line.OK], line.Part, line.Text)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, page := range report.Pages {
		fmt.Fprintln(c.out, page)
	}
	if !report.OK() {
		return errRefused
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/spec"
)

var treeCommand = command{
	name:    "tree",
	args:    "STACK",
	summary: "Write the list of what Flux applies to a stack's cluster: every app of the repository that the stack can run",
	run:     writeTree,
}

// writeTree writes flux.path of a stack. A cluster's list is its owner's from then on, so one that exists is kept.
func writeTree(_ context.Context, c call) error {
	flags := newFlags(c.name)
	show := flags.Bool("show", false, "print it, and write nothing")
	names, err := c.parse(flags)
	if err != nil {
		return err
	}
	stack, err := c.soundStack(c.name, names)
	if err != nil {
		return err
	}
	dir, err := projectDir()
	if err != nil {
		return err
	}
	content, _, err := composed(stack, dir)
	if err != nil {
		return err
	}
	if *show {
		_, err = c.out.Write(content)
		return err
	}
	target := clusterFile(dir, stack)
	if err := writeCluster(target, content); err != nil {
		return err
	}
	fmt.Fprintf(c.err, "%s\n", target)
	return nil
}

// clusterFile is where Flux begins.
func clusterFile(dir string, stack *spec.Stack) string {
	return filepath.Join(dir, filepath.FromSlash(stack.Flux.Path), "kustomization.yaml")
}

// composed is the cluster's list, and what the stack cannot run.
func composed(stack *spec.Stack, dir string) ([]byte, []gitops.Left, error) {
	composition, err := gitops.Compose(dir, stack)
	if err != nil {
		return nil, nil, err
	}
	content, err := composition.YAML()
	return content, composition.Left, err
}

func writeCluster(target string, content []byte) error {
	if _, err := os.Stat(target); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s exists, and is not overwritten: compare it with what `%s` prints", target, toType("tree", "-show"))
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return writeNew(target, content)
}

// leftOut is a line for each app that a stack cannot run.
func leftOut(left []gitops.Left) string {
	var text strings.Builder
	for _, l := range left {
		fmt.Fprintf(&text, "  %s: wants %s\n", strings.TrimPrefix(l.App, "kubernetes/apps/"), strings.Join(l.Lacks, ", "))
	}
	return text.String()
}

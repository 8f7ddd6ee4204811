package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec"
)

var renderCommand = command{
	name:    "render",
	args:    "STACK | FILE",
	summary: "Write what a stack's file makes of its nodes and network, with secrets left out and no network",
	run:     render,
}

// render writes everything that the program would make of one stack without asking anyone.
func render(_ context.Context, c call) error {
	fs := newFlags("render")
	out := fs.String("out", "", "the directory to write to; its content is replaced (default out/render/STACK in the project)")
	names, err := c.parse(fs)
	if err != nil {
		return err
	}
	stack, err := c.soundStack("render", names)
	if err != nil {
		return err
	}

	dir := *out
	if dir == "" {
		project, err := projectDir()
		if err != nil {
			return err
		}
		dir = filepath.Join(project, "out", "render", stack.Name)
	}
	for _, part := range []struct {
		name string
		make func(rendering, *spec.Stack) error
	}{
		{"talos", rendering.talos},
		{"cilium", rendering.cilium},
	} {
		rendered := rendering{}
		if err := part.make(rendered, stack); err != nil {
			return err
		}
		if err := rendered.write(filepath.Join(dir, part.name)); err != nil {
			return err
		}
		fmt.Fprintf(c.err, "%s: %d files\n", filepath.Join(dir, part.name), len(rendered))
	}
	return nil
}

// rendering is files by their path.
type rendering map[string][]byte

// talos renders the machine config of every node, and each schematic of the image factory under the name
// that the factory gives it. It tells of every node that cannot be rendered.
func (r rendering) talos(stack *spec.Stack) error {
	var errs []error
	placeholder := machineconfig.Placeholder(stack)
	for _, node := range stack.Nodes {
		config, err := machineconfig.Build(stack, node, placeholder)
		errs = append(errs, err)
		r[node.Name+".yaml"] = config
		schematic := node.Schematic()
		r[filepath.Join("schematics", schematic.ID()+".yaml")] = schematic.YAML()
	}
	return errors.Join(errs...)
}

// write replaces dir by the files.
func (r rendering) write(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for path, content := range r {
		target := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

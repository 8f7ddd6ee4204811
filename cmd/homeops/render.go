package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/spec"
)

var renderCommand = command{
	name:    "render",
	args:    "STACK | FILE",
	summary: "Write everything that a stack's file would apply, with secrets left out and no network",
	run:     render,
}

// render writes what the program, and after it Flux, would make of one stack, as far as that can be known without
// asking anyone. Left out are Secrets, the kinds of the Gateway API, what the cluster is told of its identity, and what
// is made at GitHub and, the tunnel's rules aside, at Cloudflare. A part that cannot be rendered keeps no other from it.
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
	file, err := stackFile(names[0])
	if err != nil {
		return err
	}
	repository := filepath.Dir(file)
	var errs []error
	for _, part := range []struct {
		name string
		make func(rendering, *spec.Stack) error
	}{
		{"talos", rendering.talos},
		{"cilium", rendering.cilium},
		{"rook", rendering.rook},
		{"edge", rendering.edge},
		{"secretstore", rendering.secretStore},
		{"flux", rendering.flux},
		{"tree", func(r rendering, stack *spec.Stack) error { return r.tree(stack, repository) }},
	} {
		rendered := rendering{}
		errs = append(errs, part.make(rendered, stack), rendered.write(filepath.Join(dir, part.name)))
		if len(rendered) > 0 {
			fmt.Fprintf(c.err, "%s: %d files\n", filepath.Join(dir, part.name), len(rendered))
		}
	}
	return errors.Join(errs...)
}

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

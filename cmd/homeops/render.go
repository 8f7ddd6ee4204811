package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/home-ops/home-ops/cmd/homeops/render"
)

var renderCommand = command{
	name:    "render",
	args:    "STACK | FILE",
	summary: "Write everything that a stack's file would apply, with secrets left out and no network",
	run:     renderStack,
}

// renderStack writes what package render makes of one stack. A part that cannot be rendered keeps no other from it.
func renderStack(_ context.Context, c call) error {
	fs := newFlags("render")
	out := fs.String("out", "", "the directory to write to; its content is replaced (default out/render/STACK in the project)")
	machines := fs.Bool("machines", false, "the machine configs and schematics alone")
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
	var files render.Files
	var failed error
	if *machines {
		files, failed = render.Machines(stack)
	} else {
		file, err := stackFile(names[0])
		if err != nil {
			return err
		}
		files, failed = render.Stack(stack, filepath.Dir(file))
	}
	if err := files.Write(dir); err != nil {
		return errors.Join(failed, err)
	}
	fmt.Fprintf(c.err, "%s: %d files\n", dir, len(files))
	return failed
}

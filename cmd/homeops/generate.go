package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/home-ops/home-ops/internal/specdoc"
)

var schemaCommand = command{
	name:    "schema",
	summary: "Write the JSON Schema of stack files, " + specdoc.SchemaPath,
	run: func(_ context.Context, c call) error {
		return generate(c, specdoc.SchemaPath, (*specdoc.Model).Schema)
	},
}

var docsCommand = command{
	name:    "docs",
	summary: "Write the reference manual of stack files, " + specdoc.ManualPath,
	run: func(_ context.Context, c call) error {
		return generate(c, specdoc.ManualPath, (*specdoc.Model).Manual)
	},
}

// generate makes a file from the types in spec, or with --check only compares it.
func generate(c call, path string, write func(*specdoc.Model) ([]byte, error)) error {
	flags := newFlags(c.name)
	checkOnly := flags.Bool("check", false, "write nothing; fail when the file is not current")
	dir, err := c.inProject(flags)
	if err != nil {
		return err
	}
	model, err := specdoc.Read(filepath.Join(dir, "spec"))
	if err != nil {
		return err
	}
	want, err := write(model)
	if err != nil {
		return err
	}
	target := filepath.Join(dir, path)
	have, err := os.ReadFile(target)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if bytes.Equal(have, want) {
		return nil
	}
	if *checkOnly {
		return fmt.Errorf("%s is not current: run `%s` (or `make generate`) and commit it", target, toType(c.name))
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.WriteFile(target, want, 0o644)
}

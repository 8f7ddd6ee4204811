package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/home-ops/home-ops/internal/sopsconfig"
	"github.com/home-ops/home-ops/spec"
)

var sopsCommand = command{
	name:    "sops",
	summary: "Write " + sopsconfig.Path + " with the age recipients of the stack files",
	run:     sops,
}

func sops(_ context.Context, c call) error {
	flags := newFlags(c.name)
	checkOnly := flags.Bool("check", false, "write nothing; fail when the file is not current")
	dir, err := c.inProject(flags)
	if err != nil {
		return err
	}
	return writeSOPS(dir, *checkOnly)
}

// writeSOPS makes the file current. A file that somebody else wrote is an error, and a
// project without SOPS needs none.
func writeSOPS(dir string, checkOnly bool) error {
	stacks, problems := spec.LoadProject(dir)
	if err := problems.Err(); err != nil {
		return err
	}
	want, any, err := sopsconfig.For(stacks)
	if err != nil || !any {
		return err
	}
	target := filepath.Join(dir, sopsconfig.Path)
	have, err := os.ReadFile(target)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err == nil && !bytes.HasPrefix(have, []byte(sopsconfig.Head)):
		return fmt.Errorf("%s was not made by homeops, and is left alone: remove it, or keep the recipients in it yourself", target)
	case bytes.Equal(have, want):
		return nil
	case checkOnly:
		return fmt.Errorf("%s is not current: run `%s`, then `sops updatekeys` on each *.sops.yaml, and commit them", target, toType("sops"))
	}
	return os.WriteFile(target, want, 0o644)
}

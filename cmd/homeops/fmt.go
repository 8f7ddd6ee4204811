package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/home-ops/home-ops/cmd/homeops/layout"
)

var fmtCommand = command{
	name:    "fmt",
	args:    "[STACK | FILE]",
	summary: "Put stack files that `pulumi config set` has written anew back into the form that they had, with what is new",
	run:     formatStacks,
}

// formatStacks gives one stack file, or all, the form of a commit. What a file says is not changed by it.
func formatStacks(ctx context.Context, c call) error {
	flags := newFlags(c.name)
	from := flags.String("from", "HEAD", "the `commit` that has the form")
	names, err := c.parse(flags)
	if err != nil {
		return err
	}
	dir, err := projectDir()
	if err != nil {
		return err
	}
	files, err := filesOf(dir, names)
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range files {
		changed, err := formatStack(ctx, file, *from)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", file, err))
		}
		if changed {
			fmt.Fprintln(c.err, file)
		}
	}
	return errors.Join(errs...)
}

// formatStack reports whether it changed the file. One that the commit does not have is left as it is.
func formatStack(ctx context.Context, file, commit string) (changed bool, err error) {
	now, err := os.ReadFile(file)
	if err != nil {
		return false, err
	}
	list := exec.CommandContext(ctx, "git", "ls-tree", "--name-only", commit, "--", filepath.Base(file))
	list.Dir = filepath.Dir(file)
	if out, err := output(list); err != nil {
		return false, err
	} else if len(out) == 0 {
		return false, nil
	}
	show := exec.CommandContext(ctx, "git", "show", commit+":./"+filepath.Base(file))
	show.Dir = filepath.Dir(file)
	before, err := output(show)
	if err != nil {
		return false, err
	}
	restored, err := layout.Restore(before, now)
	if err != nil || bytes.Equal(restored, now) {
		return false, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return false, err
	}
	return true, os.WriteFile(file, restored, info.Mode().Perm())
}

// output is what a command prints, or what it complains of.
func output(cmd *exec.Cmd) ([]byte, error) {
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git: %s", strings.TrimSpace(strings.TrimPrefix(complaint.String()+" ", "fatal: ")))
	}
	return out, nil
}

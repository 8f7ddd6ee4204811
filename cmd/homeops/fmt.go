package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

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
	_, files, err := c.stackFilesOf(flags)
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range files {
		changed, err := formatStack(ctx, file, *from)
		if errors.Is(err, errNoCommit) {
			return usagef("fmt: -from %s is no commit", *from)
		}
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
	before, found, err := fileAt(ctx, commit, file)
	if err != nil || !found {
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

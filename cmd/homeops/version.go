package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
)

var versionCommand = command{
	name:    "version",
	summary: "Print which build of homeops this is",
	run:     printVersion,
}

// builtFrom is what the Makefile knows of the source, `git describe`: a build there takes no notice of Git itself, so that a
// commit compiles nothing anew.
var builtFrom string

func printVersion(_ context.Context, c call) error {
	rest, err := c.parse(newFlags("version"))
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return usagef("version takes no arguments, got %q", rest[0])
	}
	revision, changed := cmp.Or(builtFrom, "unknown revision"), ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				revision = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = " with changes"
			}
		}
	}
	fmt.Fprintf(c.out, "homeops %s%s (%s %s/%s)\n", revision, changed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

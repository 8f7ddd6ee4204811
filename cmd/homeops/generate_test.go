package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/home-ops/home-ops/internal/specdoc"
)

// checkout is a project with spec's real sources and nothing generated.
func checkout(t *testing.T) string {
	t.Helper()
	sources, err := filepath.Abs("../../spec")
	if err != nil {
		t.Fatal(err)
	}
	dir := project(t, nil)
	files, err := filepath.Glob(filepath.Join(sources, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	mkdir(t, filepath.Join(dir, "spec"))
	for _, file := range files {
		if err := os.Symlink(file, filepath.Join(dir, "spec", filepath.Base(file))); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestGenerate_WritesOnceAndNoticesWhatIsStale(t *testing.T) {
	checkout(t)
	for command, path := range map[string]string{"schema": specdoc.SchemaPath, "docs": specdoc.ManualPath} {
		stale := "homeops: " + path + " is not current: run `homeops " + command + "` (or `make generate`) and commit it\n"
		if got := homeops(t, "", command, "--check"); got.code != exitProblem || got.err != stale {
			t.Errorf("%s --check before: %+v", command, got)
		}
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s --check wrote the file", command)
		}
		for _, args := range [][]string{{command}, {command, "--check"}} {
			if got := homeops(t, "", args...); got != (outcome{}) {
				t.Errorf("%v: %+v", args, got)
			}
		}
		write(t, path, "changed by hand")
		if got := homeops(t, "", command, "--check"); got.err != stale {
			t.Errorf("%s --check after a change: %+v", command, got)
		}
	}
}

package build

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
)

// semver is a module that the rack itself pins.
func semver(t *testing.T) Copied {
	t.Helper()
	const module = "golang.org/x/mod"
	version, err := Pinned("..", module)
	if err != nil {
		t.Fatal(err)
	}
	return Copied{Module: module, Version: version, Pins: "..", Parts: []string{"semver", "go.mod"}}
}

func TestCopied_IsCompiledWithOurFiles(t *testing.T) {
	t.Parallel()
	c := semver(t)
	c.Adds = map[string]string{"ours/ours.go": "package ours\n\nimport _ \"golang.org/x/mod/semver\"\n"}
	dir := filepath.Join(t.TempDir(), "copy")
	// What a copy that was cut short has left is not taken for one.
	if err := os.MkdirAll(filepath.Join(dir+".partial", c.Version), 0o755); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		source, err := c.Into(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(dir, c.Version); source != want {
			t.Errorf("the copy is in %s, want %s", source, want)
		}
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{.Dir}}", c.Module+"/ours")
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), filepath.Join(source, "semver")) {
			t.Errorf("%v: not compiled from the copy:\n%s", err, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, c.Version, "modfile")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a part that was not asked for: %v", err)
	}
}

func TestCopied_IsMadeByOneOfSeveral(t *testing.T) {
	t.Parallel()
	c, dir := semver(t), filepath.Join(t.TempDir(), "copy")
	c.Adds = map[string]string{"ours/ours.go": "package ours\n"}
	var all errgroup.Group
	for range 8 {
		all.Go(func() error {
			source, err := c.Into(t.Context(), dir)
			if err != nil {
				return err
			}
			_, err = os.Stat(filepath.Join(source, "semver", "semver.go"))
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
}

func TestCopied_RefusesWhatWouldReplaceNothing(t *testing.T) {
	t.Parallel()
	c := semver(t)
	c.Replaces = map[string]string{"semver/other.go": "package semver\n"}
	_, err := c.Into(t.Context(), filepath.Join(t.TempDir(), "copy"))
	if want := "source of golang.org/x/mod " + c.Version + ": it lacks a file that ours is to replace: "; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestCopied_LeavesNothingWithoutAPart(t *testing.T) {
	t.Parallel()
	c := semver(t)
	c.Parts, c.Adds = append(c.Parts, "none"), map[string]string{"ours.go": "package ours\n"}
	dir := filepath.Join(t.TempDir(), "copy")
	if _, err := c.Into(t.Context(), dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, c.Version)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a copy under its name: %v", err)
	}
}

package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Copied is a module that is compiled from a copy, since its packages need files of ours.
type Copied struct {
	// Module is its path, and Version the one that the go.mod in Pins requires; the go.sum there holds its hash.
	Module, Version, Pins string
	// Parts are the files and folders of the module that the copy has. Default: all.
	Parts []string
	// Adds are files that the module lacks, and Replaces those that stand in the place of its own, by their paths in it.
	Adds, Replaces map[string]string
}

// Into makes the copy in a folder of its version below the directory, where it is not whole yet, and beside it a go.mod that
// compiles it. It returns the copy's folder. What else the directory has is removed with a copy of another version. Of several at
// once, one makes it.
func (c Copied) Into(ctx context.Context, dir string) (string, error) {
	unlock, err := Lock(dir + ".lock")
	if err != nil {
		return "", fmt.Errorf("source of %s %s: %w", c.Module, c.Version, err)
	}
	defer unlock()
	source := filepath.Join(dir, c.Version)
	for _, step := range []func() error{
		func() error { return c.copy(ctx, dir) },
		func() error { return c.overlay(source) },
		func() error { return c.require(dir) },
	} {
		if err := step(); err != nil {
			return "", fmt.Errorf("source of %s %s: %w", c.Module, c.Version, err)
		}
	}
	return source, nil
}

func (c Copied) copy(ctx context.Context, dir string) error {
	if _, err := os.Stat(filepath.Join(dir, c.Version)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	downloaded, err := Downloaded(ctx, c.Pins, c.Module)
	if err != nil {
		return err
	}
	// Under its name there is a whole copy or none.
	partial := dir + ".partial"
	if err := errors.Join(os.RemoveAll(partial), c.take(downloaded, filepath.Join(partial, c.Version)), os.RemoveAll(dir)); err != nil {
		return err
	}
	return os.Rename(partial, dir)
}

func (c Copied) take(module, to string) error {
	if len(c.Parts) == 0 {
		return os.CopyFS(to, os.DirFS(module))
	}
	for _, part := range c.Parts {
		from := filepath.Join(module, filepath.FromSlash(part))
		info, err := os.Stat(from)
		if err != nil {
			return err
		}
		if info.IsDir() {
			err = os.CopyFS(filepath.Join(to, filepath.FromSlash(part)), os.DirFS(from))
		} else {
			err = copyFile(from, filepath.Join(to, filepath.FromSlash(part)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// overlay writes our files into the copy.
func (c Copied) overlay(source string) error {
	for name := range c.Replaces {
		// Beside a file of another name this one would change nothing.
		if _, err := os.Stat(filepath.Join(source, filepath.FromSlash(name))); err != nil {
			return fmt.Errorf("it lacks a file that ours is to replace: %w", err)
		}
	}
	for _, files := range []map[string]string{c.Adds, c.Replaces} {
		for name, content := range files {
			if err := writeFile(filepath.Join(source, filepath.FromSlash(name)), []byte(content)); err != nil {
				return err
			}
		}
	}
	return nil
}

// require writes the pins into the directory, with the copy in the module's place.
func (c Copied) require(dir string) error {
	requires, err := os.ReadFile(filepath.Join(c.Pins, "go.mod"))
	if err != nil {
		return err
	}
	requires = fmt.Appendf(requires, "\nreplace %s => ./%s\n", c.Module, c.Version)
	return errors.Join(
		writeFile(filepath.Join(dir, "go.mod"), requires),
		copyFile(filepath.Join(c.Pins, "go.sum"), filepath.Join(dir, "go.sum")),
	)
}

func copyFile(from, to string) error {
	content, err := os.ReadFile(filepath.Clean(from))
	if err != nil {
		return err
	}
	return writeFile(to, content)
}

// writeFile leaves a file alone that has the content: somebody may be compiling it.
func writeFile(path string, content []byte) error {
	if had, err := os.ReadFile(filepath.Clean(path)); err == nil && bytes.Equal(had, content) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}

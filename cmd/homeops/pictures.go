package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/cmd/homeops/picture"
	"github.com/home-ops/home-ops/spec"
)

// picturesPath is where the pictures of a stack are, in a folder of its name.
const picturesPath = "docs/pictures"

//go:generate go run . pictures

var picturesCommand = command{
	name:    "pictures",
	args:    "[STACK | FILE]",
	summary: "Draw a stack, or every stack of the project: machines, addresses, owners, the way of a request",
	run:     drawPictures,
}

// drawPictures writes the pictures of one stack, or of all. With -check it writes nothing and names what is stale: pictures
// are an owner's to draw or not, so only those that are there can be stale.
func drawPictures(_ context.Context, c call) error {
	flags := newFlags(c.name)
	checkOnly := flags.Bool("check", false, "write nothing; fail when a picture that is there is not current")
	dir, files, err := c.stackFilesOf(flags)
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range files {
		errs = append(errs, pictured(file, dir, *checkOnly))
	}
	return errors.Join(errs...)
}

// pictured draws one stack, or reports which of its pictures are stale.
func pictured(file, dir string, checkOnly bool) error {
	stack, problems := spec.LoadFile(file)
	if spec.Merge(problems, stack.Validate()).HasErrors() {
		return fmt.Errorf("%s: cannot be drawn: `%s` says why", file, toType("validate", spec.StackName(file)))
	}
	read, err := treeOf(stack, dir)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return read.pictured(file, dir, checkOnly)
}

// pictured draws the stack out of its plans and of the tree beside it. What is wrong with the tree is for validate to
// say: what could be read is drawn.
func (read *readTree) pictured(file, dir string, checkOnly bool) error {
	stack := read.stack
	pictures, err := picture.All(stack, read.parts, read.cluster)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	var errs []error
	for _, name := range picture.Names() {
		target := filepath.Join(dir, filepath.FromSlash(picturesPath), stack.Name, name)
		have, err := os.ReadFile(target)
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, err)
		case bytes.Equal(have, pictures[name]), err != nil && checkOnly:
		case checkOnly:
			errs = append(errs, fmt.Errorf("%s is not current: run `%s` (or `make generate`) and commit it", target, toType("pictures", stack.Name)))
		default:
			errs = append(errs, writePicture(target, pictures[name]))
		}
	}
	return errors.Join(errs...)
}

func writePicture(target string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.WriteFile(target, content, 0o644)
}

// judgePictures warns of pictures that show another stack file than there is. Without any, a stack is as sound.
func (v *verdict) judgePictures(files []string) {
	dir, err := projectDir()
	if err != nil {
		return
	}
	for _, file := range files {
		if v.hasErrors(file) {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(picturesPath), spec.StackName(file))); err != nil {
			continue
		}
		if err := v.pictured(file, dir); err != nil {
			for line := range strings.Lines(err.Error()) {
				path, text, _ := strings.Cut(strings.TrimSpace(line), " ")
				v.Problems = append(v.Problems, spec.Problem{Severity: spec.Warning, Path: path, Message: text})
			}
		}
	}
	v.conclude()
}

// pictured reports which pictures of a stack are stale, by the tree that was judged, if it was.
func (v *verdict) pictured(file, dir string) error {
	if read := v.trees[file]; read != nil {
		return read.pictured(file, dir, true)
	}
	return pictured(file, dir, true)
}

// hasErrors reports whether a file has a problem that stops the program.
func (v *verdict) hasErrors(file string) bool {
	return slices.ContainsFunc(v.Problems, func(p spec.Problem) bool { return p.Severity == spec.Error && p.File == file })
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/home-ops/home-ops/cmd/homeops/diff"
	"github.com/home-ops/home-ops/cmd/homeops/render"
	"github.com/home-ops/home-ops/internal/gitarchive"
	"github.com/home-ops/home-ops/spec"
)

var diffCommand = command{
	name:    "diff",
	args:    "BASE [STACK | FILE ...]",
	summary: "Show what changes from a commit, folder or stack file to the working tree, without network or secret",
	run:     diffStacks,
}

// diffStacks compares the stacks of the project, or the named ones, with those of BASE: a commit, a folder that holds a
// project, or a stack file. Both sides are rendered by this program, so that the report shows what the
// change of the stack file and of the tree does. Where the program itself changed too, the base's own one shows what that does.
func diffStacks(ctx context.Context, c call) error {
	flags := newFlags("diff")
	asJSON := flags.Bool("json", false, "print one JSON array with an object for each stack")
	own := flags.String("base-homeops", "", "render BASE with this homeops, which was built from it")
	args, err := c.parse(flags)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		return usagef("diff: name what to compare with: a commit, a folder or a stack file")
	}
	base, err := openBase(ctx, args[0])
	if err != nil {
		return err
	}
	defer base.close()
	now, err := filesByStack(args[1:])
	if err != nil {
		return err
	}
	then, err := base.stacks(args[1:], now)
	if err != nil {
		return err
	}
	reports, err := base.compare(ctx, then, now, *own)
	if err != nil {
		return err
	}
	if *asJSON {
		enc := json.NewEncoder(c.out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(reports)
	}
	for _, report := range reports {
		if err := report.WriteText(c.out); err != nil {
			return err
		}
	}
	return nil
}

// filesByStack are the stack files that the arguments mean, or all of the project, by the names of the stacks.
func filesByStack(args []string) (map[string]string, error) {
	files, err := targets(args)
	if err != nil {
		return nil, err
	}
	byStack := map[string]string{}
	for _, file := range files {
		byStack[spec.StackName(file)] = file
	}
	return byStack, nil
}

// base is what the working tree is compared with.
type base struct {
	// dir holds a project, and file is a single stack file; one of them is empty.
	dir, file string
	// temporary is removed at the end.
	temporary string
}

func (b *base) close() {
	if b.temporary != "" {
		_ = os.RemoveAll(b.temporary)
	}
}

func openBase(ctx context.Context, name string) (*base, error) {
	switch info, err := os.Stat(name); {
	case err == nil && !info.IsDir():
		return &base{file: name}, nil
	case err == nil:
		if _, err := os.Stat(filepath.Join(name, "Pulumi.yaml")); err != nil {
			return nil, usagef("diff: the folder %s holds no Pulumi.yaml", name)
		}
		return &base{dir: name}, nil
	}
	project, err := projectDir()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "home-ops-diff-")
	if err != nil {
		return nil, err
	}
	b := &base{dir: dir, temporary: dir}
	if err := checkOut(ctx, project, name, dir); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// checkOut writes the stack files and the tree of a commit into a folder.
func checkOut(ctx context.Context, project, commit, dir string) error {
	hash, err := gitarchive.Resolve(ctx, project, commit)
	switch {
	case errors.Is(err, gitarchive.ErrNoCommit):
		return usagef("diff: %q is no commit, folder or file", commit)
	case err != nil:
		return fmt.Errorf("diff: %w", err)
	}
	return gitarchive.Extract(ctx, project, hash, dir, func(path string) bool {
		matched, _ := filepath.Match("Pulumi*.yaml", path)
		return matched || strings.HasPrefix(path, "kubernetes/")
	})
}

// stacks are the stack files of the base, by the names of the stacks that they are compared with.
func (b *base) stacks(args []string, now map[string]string) (map[string]string, error) {
	if b.file != "" {
		if len(now) != 1 {
			return nil, usagef("diff: a stack file is compared with one other; name it")
		}
		for name := range now {
			return map[string]string{name: b.file}, nil
		}
	}
	files, err := stackFiles(b.dir)
	if err != nil {
		return nil, err
	}
	then := map[string]string{}
	for _, file := range files {
		name := spec.StackName(file)
		if _, both := now[name]; both || len(args) == 0 {
			then[name] = file
		}
	}
	return then, nil
}

// compare renders both sides of every stack, side by side, and compares them.
func (b *base) compare(ctx context.Context, then, now map[string]string, own string) ([]diff.Report, error) {
	names := map[string]bool{}
	for _, side := range []map[string]string{then, now} {
		for name := range side {
			names[name] = true
		}
	}
	reports := []diff.Report{}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(names)) {
		var before, after *diff.Side
		var errBefore, errAfter error
		var wait sync.WaitGroup
		wait.Go(func() { before, errBefore = b.render(ctx, then[name], own) })
		wait.Go(func() { after, errAfter = renderSide(now[name], filepath.Dir(now[name])) })
		wait.Wait()
		if err := errors.Join(errBefore, errAfter); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
			continue
		}
		report, err := diff.Compare(name, before, after)
		reports, errs = append(reports, report), append(errs, err)
	}
	return reports, errors.Join(errs...)
}

// render renders a stack file of the base. A single file has the tree of the working tree.
func (b *base) render(ctx context.Context, file, own string) (*diff.Side, error) {
	root := b.dir
	if b.file != "" {
		var err error
		if root, err = projectDir(); err != nil {
			root = filepath.Dir(b.file)
		}
	}
	side, err := renderSide(file, root)
	if err != nil || side == nil || own == "" {
		return side, err
	}
	side.Stack = nil
	side.Files, side.Fault = renderBy(ctx, own, file)
	return side, nil
}

// renderSide renders a stack file and the tree below root; nil without a file. A stack file that cannot work is not
// rendered, and the report says why.
func renderSide(file, root string) (*diff.Side, error) {
	if file == "" {
		return nil, nil
	}
	stack, problems := spec.LoadFile(file)
	if slices.ContainsFunc(problems, func(p spec.Problem) bool { return p.Path == "" }) {
		return nil, problems.Err()
	}
	problems = spec.Merge(problems, stack.Validate())
	side := &diff.Side{Warnings: problems.Warnings(), Fault: problems.Err()}
	if side.Fault == nil {
		side.Stack = stack
		side.Files, side.Fault = render.Stack(stack, root)
	}
	return side, nil
}

// renderBy has another homeops render a stack file.
func renderBy(ctx context.Context, homeops, file string) (render.Files, error) {
	dir, err := os.MkdirTemp("", "home-ops-render-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what stays is in the folder for temporary files
	var stderr strings.Builder
	command := exec.CommandContext(ctx, homeops, "render", file, "-out", dir)
	command.Stderr = &stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%s render: %w: %s", homeops, err, strings.TrimSpace(stderr.String()))
	}
	files := render.Files{}
	err = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files[name] = content
		return err
	})
	return files, err
}

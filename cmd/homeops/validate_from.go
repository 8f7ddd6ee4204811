package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// judgeFrom adds to a verdict what the step from an earlier stack file means for a running cluster. from is a
// file, or a commit in which each stack file is looked for under its own name; a stack that the commit does not
// have is new, and has no step.
func (v *verdict) judgeFrom(ctx context.Context, from string, files []string) error {
	_, err := os.Stat(from)
	isFile := err == nil
	if isFile && len(files) != 1 {
		return usagef("validate: --from %s is one file; name the one stack that comes after it", from)
	}
	for _, file := range files {
		to, _ := spec.LoadFile(file)
		text, found, err := earlier(ctx, from, isFile, file)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		// Under its present name: one that a stack takes from its file was not changed.
		before, problems := spec.Load(to.Name, text)
		if len(before.Nodes) == 0 {
			return usagef("validate: --from %s: %v", from, problems.Err())
		}
		v.Problems = append(v.Problems, spec.JudgeChange(before, to)...)
	}
	v.conclude()
	return nil
}

// earlier is the stack file before the step.
func earlier(ctx context.Context, from string, isFile bool, file string) (text []byte, found bool, err error) {
	if isFile {
		text, err = os.ReadFile(from)
		return text, true, err
	}
	text, found, err = fileAt(ctx, from, file)
	if errors.Is(err, errNoCommit) {
		err = usagef("validate: --from %s is neither a file nor a commit", from)
	}
	return text, found, err
}

// errNoCommit says that the repository has no commit of a name.
var errNoCommit = errors.New("there is no such commit")

// fileAt is a file as it was in a commit; found is false when the commit does not have it.
func fileAt(ctx context.Context, commit, file string) (text []byte, found bool, err error) {
	git := func(args ...string) ([]byte, error) {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = filepath.Dir(file)
		var said bytes.Buffer
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			return nil, errors.New(strings.TrimSpace(said.String()))
		}
		return out, nil
	}
	// With --end-of-options a commit cannot be taken for an option.
	if _, err := git("rev-parse", "--verify", "--quiet", "--end-of-options", commit+"^{commit}"); err != nil {
		return nil, false, errNoCommit
	}
	name := "./" + filepath.Base(file)
	listed, err := git("ls-tree", "--name-only", commit, name)
	if err != nil {
		return nil, false, err
	}
	if len(listed) == 0 {
		return nil, false, nil
	}
	text, err = git("show", commit+":"+name)
	return text, true, err
}

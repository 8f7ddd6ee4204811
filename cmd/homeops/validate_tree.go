package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/internal/sopsconfig"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/stacks"
)

// judgeTree adds to a verdict where the tree of the project and its stack files disagree, and what else Flux would
// refuse. Only a sound stack has a tree to judge, and a file elsewhere has none; nor has a project whose repository
// for Flux is another one.
func (v *verdict) judgeTree(files []string) error {
	dir, err := projectDir()
	if err != nil {
		return nil //nolint:nilerr // a file outside of any project
	}
	all, err := stackFiles(dir)
	if err != nil {
		return err
	}
	for _, file := range files {
		if !slices.ContainsFunc(all, func(f string) bool { return samePath(f, file) }) {
			continue
		}
		stack, problems := spec.LoadFile(file)
		if spec.Merge(problems, stack.Validate()).HasErrors() {
			continue
		}
		first, _, _ := strings.Cut(filepath.ToSlash(filepath.Clean(stack.Flux.Path)), "/")
		if info, err := os.Stat(filepath.Join(dir, first)); err != nil || !info.IsDir() {
			continue
		}
		read, faults, err := treeFaults(stack, dir)
		if err != nil {
			return err
		}
		v.trees[file] = read
		for _, fault := range faults {
			v.Problems = append(v.Problems, treeProblem(fault))
		}
	}
	v.Problems = append(v.Problems, sopsProblems(dir)...)
	v.conclude()
	return nil
}

// treeFaults are what is wrong with the tree of a sound stack, beside what was read of it: nothing, where there is none.
func treeFaults(stack *spec.Stack, root string) (*readTree, []error, error) {
	file := filepath.Join(stack.Flux.Path, "kustomization.yaml")
	if _, err := os.Stat(filepath.Join(root, file)); errors.Is(err, fs.ErrNotExist) {
		return nil, []error{fmt.Errorf("%s: there is no such file, and Flux begins with it: `%s` writes one that fits the stack", file, toType("tree", stack.Name))}, nil
	}
	read, err := treeOf(stack, root)
	if err != nil {
		return nil, nil, err
	}
	if len(read.faults) > 0 {
		// What was not read would be missed everywhere; what the stack lacks for it is the likely cause.
		return read, append(read.faults, read.cluster.CheckNeeds(stack)...), nil
	}
	return read, read.cluster.Check(stack, read.parts, settings.ForStorage(stack)), nil
}

// readTree is what Flux reads for a stack, beside the stack's plans. To read one is most of what validate does.
type readTree struct {
	stack   *spec.Stack
	parts   plan.Parts
	cluster *gitops.Cluster
	// faults are what could not be read.
	faults []error
}

// treeOf reads the tree in the repository at root.
func treeOf(stack *spec.Stack, root string) (*readTree, error) {
	parts, err := stacks.Plan(stack)
	if err != nil {
		return nil, err
	}
	first, given, err := gitops.Bootstrap(parts)
	if err != nil {
		return nil, err
	}
	cluster, faults := gitops.Load(root, first, given)
	return &readTree{stack, parts, cluster, faults}, nil
}

// treeProblem is a fault of the tree, whose text begins with the place: FILE: text.
func treeProblem(fault error) spec.Problem {
	place, text, ok := strings.Cut(fault.Error(), ": ")
	if !ok {
		place, text = "", fault.Error()
	}
	return spec.Problem{Severity: spec.Error, Path: place, Message: strings.ReplaceAll(text, "\n", " ")}
}

// sopsProblems compares .sops.yaml with the stack files, when it was made from them: a secret that is encrypted for
// other keys than the cluster's stops Flux.
func sopsProblems(dir string) spec.Problems {
	stacks, problems := spec.LoadProject(dir)
	if problems.HasErrors() {
		return nil
	}
	have, err := os.ReadFile(filepath.Join(dir, sopsconfig.Path))
	if err != nil || !bytes.HasPrefix(have, []byte(sopsconfig.Head)) {
		return nil
	}
	want, _, err := sopsconfig.For(stacks)
	if err != nil || bytes.Equal(have, want) {
		return nil
	}
	return spec.Problems{{
		Severity: spec.Warning, Path: sopsconfig.Path,
		Message: "its recipients are not those of the stack files: run `" + toType("sops") + "`, then `sops updatekeys` on each *.sops.yaml, and commit them",
	}}
}

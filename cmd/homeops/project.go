package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// projectDir is the nearest directory, from the working directory upwards, that holds Pulumi.yaml. It is
// relative to the working directory, so that messages name files as a person would.
func projectDir() (string, error) {
	dir := "."
	for {
		if _, err := os.Stat(filepath.Join(dir, "Pulumi.yaml")); err == nil {
			return dir, nil
		}
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", err
		}
		if abs == filepath.Dir(abs) {
			return "", errors.New("no Pulumi.yaml in this directory or above: run this inside the project, or name a file")
		}
		dir = filepath.Join(dir, "..")
	}
}

// stackFiles lists the stack files of a project, sorted by name.
func stackFiles(dir string) ([]string, error) {
	return filepath.Glob(filepath.Join(dir, "Pulumi.*.yaml"))
}

// stackFile is the file that an argument means: a stack of the project, or a path.
func stackFile(arg string) (string, error) {
	if strings.ContainsRune(arg, filepath.Separator) || strings.HasSuffix(arg, ".yaml") || strings.HasSuffix(arg, ".yml") {
		if _, err := os.Stat(arg); errors.Is(err, fs.ErrNotExist) {
			return "", usagef("%s: there is no such file", arg)
		}
		return arg, nil
	}
	dir, err := projectDir()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "Pulumi."+arg+".yaml")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return "", usagef("there is no stack %q: %s does not exist; %s", arg, path, knownStacks(dir))
}

func knownStacks(dir string) string {
	files, _ := stackFiles(dir)
	if len(files) == 0 {
		return "the project has none yet (`" + toType("init") + "` writes a first one)"
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = spec.StackName(f)
	}
	return fmt.Sprintf("the project has %s", strings.Join(names, ", "))
}

// soundStack loads the one stack or stack file that a command was given. What is wrong with it is printed.
func (c call) soundStack(command string, names []string) (*spec.Stack, error) {
	if len(names) != 1 {
		return nil, usagef("%s: name one stack or stack file", command)
	}
	file, err := stackFile(names[0])
	if err != nil {
		return nil, err
	}
	if v := check([]string{file}); v.Problems.HasErrors() {
		if err := v.printText(c.terminal); err != nil {
			return nil, err
		}
		return nil, errRefused
	}
	stack, _ := spec.LoadFile(file)
	return stack, nil
}

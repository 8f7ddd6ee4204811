package launch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// checkStack loads the stack file. It refuses a broken one before anything is built, with every problem at once.
func checkStack(project, stack string, out io.Writer) (*spec.Stack, error) {
	path := filepath.Join(project, "Pulumi."+stack+".yaml")
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no stack %q here: %s is missing; the stacks are: %s", stack, path, strings.Join(stacks(project), ", "))
	}
	loaded, problems := spec.LoadFile(path)
	if !problems.HasErrors() {
		problems = append(problems, loaded.Validate()...)
	}
	for _, p := range problems {
		fmt.Fprintln(out, p)
	}
	if problems.HasErrors() {
		return nil, fmt.Errorf("the stack file %s has errors; mend them, `make validate STACK=%s` shows them again", path, stack)
	}
	return loaded, nil
}

func stacks(project string) []string {
	found, err := filepath.Glob(filepath.Join(project, "Pulumi.*.yaml"))
	if err != nil || len(found) == 0 {
		return []string{"none"}
	}
	for i, f := range found {
		f = filepath.Base(f)
		found[i] = strings.TrimSuffix(strings.TrimPrefix(f, "Pulumi."), ".yaml")
	}
	return found
}

package golang

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/errutil"
	"golang.org/x/mod/modfile"
)

// module is a Go module as `go list -m -json` and `go mod download -json` tell it.
type module struct {
	Path    string
	Version string
	// Dir holds the module's source; "" when it is not in the module cache.
	Dir string
}

// loadModFile reads the go.mod of the module that the program belongs to; the program may lie below its root.
func (h *Host) loadModFile(ctx context.Context, programDirectory string) (root string, file *modfile.File, err error) {
	compiler, err := goCommand()
	if err != nil {
		return "", nil, err
	}
	command := exec.CommandContext(ctx, compiler, "list", "-m", "-f", "{{.GoMod}}")
	command.Dir = programDirectory
	// With a workspace the command would list every module of it.
	command.Env = append(os.Environ(), "GOWORK=off")
	out, err := command.Output()
	if err != nil {
		return "", nil, errutil.ErrorWithStderr(err, "go list -m")
	}
	path := string(bytes.TrimSpace(out))
	if path == "" {
		return "", nil, fmt.Errorf("no go.mod file found: %s", programDirectory)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	file, err = modfile.Parse(path, content, nil)
	if err != nil {
		return "", nil, err
	}
	return filepath.Dir(path), file, nil
}

// modulesWithSource finds the source of the modules: in the vendor directory if there is one, else in the module
// cache, else by a download. A module whose source cannot be had is left out.
func (h *Host) modulesWithSource(ctx context.Context, root string, paths []string) ([]module, error) {
	if len(paths) == 0 {
		return nil, nil
	}
	modules, err := h.goModules(ctx, root, append([]string{"list", "-m", "-json"}, paths...))
	if err != nil {
		return nil, err
	}

	vendor := filepath.Join(root, "vendor")
	if _, err := os.Stat(vendor); err == nil {
		for i, m := range modules {
			modules[i].Dir = firstExisting(m.Dir, filepath.Join(vendor, m.Path))
		}
		return withDir(modules), nil
	}

	var absent []string
	for _, m := range modules {
		if m.Dir == "" {
			absent = append(absent, m.Path)
		}
	}
	if len(absent) == 0 {
		return modules, nil
	}
	downloaded, err := h.goModules(ctx, root, append([]string{"mod", "download", "-json"}, absent...))
	if err != nil {
		return nil, err
	}
	return append(withDir(modules), withDir(downloaded)...), nil
}

func firstExisting(paths ...string) string {
	for _, path := range paths {
		if _, err := os.Stat(path); path != "" && err == nil {
			return path
		}
	}
	return ""
}

func withDir(modules []module) []module {
	var found []module
	for _, m := range modules {
		if m.Dir != "" {
			found = append(found, m)
		}
	}
	return found
}

// goModules runs a go command that prints modules as a stream of JSON objects.
func (h *Host) goModules(ctx context.Context, directory string, args []string) ([]module, error) {
	compiler, err := goCommand()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, compiler, args...)
	command.Dir = directory
	out, err := command.Output()
	if err != nil {
		return nil, errutil.ErrorWithStderr(err, "go "+args[0])
	}
	var modules []module
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var m module
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			return modules, nil
		} else if err != nil {
			return nil, fmt.Errorf("decode module info: %w", err)
		}
		modules = append(modules, m)
	}
}

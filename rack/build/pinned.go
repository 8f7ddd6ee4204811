package build

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// Pinned is the version of the module that a package comes from, by the go.mod in a folder.
func Pinned(dir, pkg string) (string, error) {
	path := filepath.Join(dir, "go.mod")
	content, err := os.ReadFile(filepath.Clean(path))
	if err != nil {
		return "", fmt.Errorf("version of %s: %w", pkg, err)
	}
	pins, err := modfile.Parse(path, content, nil)
	if err != nil {
		return "", fmt.Errorf("version of %s: %w", pkg, err)
	}
	for _, require := range pins.Require {
		if pkg == require.Mod.Path || strings.HasPrefix(pkg, require.Mod.Path+"/") {
			return require.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("version of %s: %s requires no module that has it", pkg, path)
}

// Downloaded is where Go keeps a module, in the version and with the hash that the go.mod and go.sum in a folder pin. It is
// downloaded if it is not there.
func Downloaded(ctx context.Context, dir, path string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", path)
	cmd.Dir = dir
	out, err := cmd.Output()
	var module struct{ Dir, Error string }
	if decodeErr := json.Unmarshal(out, &module); decodeErr != nil {
		return "", fmt.Errorf("downloading %s: %w", path, errors.Join(err, decodeErr))
	}
	if module.Error != "" {
		return "", fmt.Errorf("downloading %s: %s", path, module.Error)
	}
	return module.Dir, nil
}

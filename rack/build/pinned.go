package build

import (
	"fmt"
	"os"
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

package render

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/home-ops/home-ops/internal/documents"
)

// Files are the content of files by their path.
type Files map[string][]byte

// yaml adds a file with a document for each of the bodies, unless there are none.
func (f Files) yaml(path string, bodies ...any) error {
	text, err := documents.YAML(bodies...)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if len(text) > 0 {
		f[path] = text
	}
	return nil
}

// Write replaces the content of a directory by the files.
func (f Files) Write(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for path, content := range f {
		target := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

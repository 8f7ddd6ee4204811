package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/home-ops/home-ops/internal/documents"
	"github.com/home-ops/home-ops/spec"
)

// rendering is files by their path.
type rendering map[string][]byte

// yaml adds a file with a document for each of the bodies.
func (r rendering) yaml(path string, bodies ...any) error {
	text, err := documents.YAML(bodies...)
	return r.add(path, text, err)
}

// objects adds a file with what the API server is sent for each of the bodies.
func (r rendering) objects(path string, bodies ...any) error {
	text, err := documents.Objects(bodies...)
	return r.add(path, text, err)
}

// add adds a file unless it would be empty.
func (r rendering) add(path string, text []byte, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if len(text) > 0 {
		r[path] = text
	}
	return nil
}

// chart adds a file with the values of a chart.
func (r rendering) chart(path string, stack *spec.Stack, build func(*spec.Stack) (map[string]any, error)) error {
	values, err := build(stack)
	if err != nil {
		return err
	}
	return r.yaml(path, values)
}

// write replaces dir by the files.
func (r rendering) write(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for path, content := range r {
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

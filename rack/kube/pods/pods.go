// Package pods holds the stages of KWOK, which plays the containers of a rehearsal's pods.
package pods

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
)

//go:embed stages.yaml
var stages []byte

// Args writes the stages into the directory and returns the flags that it is started with.
func Args(dir, kubeconfig string) ([]string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("kwok: %w", err)
	}
	path := filepath.Join(dir, "stages.yaml")
	if err := os.WriteFile(path, stages, 0o644); err != nil {
		return nil, fmt.Errorf("kwok: %w", err)
	}
	return []string{"--stages=" + path, "--kubeconfig=" + kubeconfig}, nil
}

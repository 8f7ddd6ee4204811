package apitest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Definitions writes every definition that a rehearsal knows into a directory, in one directory for each project.
func Definitions(ctx context.Context, dir string) error {
	if out, err := exec.CommandContext(ctx, "go", "run", "-C", "../crds", ".", "-out", dir).CombinedOutput(); err != nil {
		return fmt.Errorf("making the definitions: %w\n%s", err, out)
	}
	return nil
}

// Define makes the kinds of a directory known to the API server.
func (c *Client) Define(dir string) {
	c.t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		c.t.Fatalf("no definitions in %s: %v", dir, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			c.t.Fatal(err)
		}
		c.Apply(string(text))
	}
}

package launch

import (
	"os"
	"path/filepath"
	"testing"
)

// Types of the rack's own lie in a folder below the generator, and definitions of what they were before refused what they are now.
func TestContentHash_IsAnotherOneForEveryFileThatIs(t *testing.T) {
	dir := t.TempDir()
	seen := map[string]string{}
	for _, step := range []struct{ path, text string }{
		{"main.go", "package main"}, {"main.go", "package other"}, {"zfs/types.go", "package zfs"}, {"zfs/types.go", "package zfs // more"}, {"zfs/more.go", ""},
	} {
		path := filepath.Join(dir, step.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(step.text), 0o600); err != nil {
			t.Fatal(err)
		}
		hash, err := contentHash(dir)
		if err != nil {
			t.Fatal(err)
		}
		if before, ok := seen[hash]; ok {
			t.Errorf("%s with %q has the hash that was there after %s", step.path, step.text, before)
		}
		seen[hash] = step.path
	}
	if again, err := contentHash(dir); err != nil || seen[again] == "" {
		t.Errorf("the same files have another hash: %s, %v", again, err)
	}
}

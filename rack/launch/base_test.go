package launch

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"
)

func TestCheckOutBase_IsWrittenByOneOfSeveral(t *testing.T) {
	t.Parallel()
	project := t.TempDir()
	if err := os.WriteFile(filepath.Join(project, "main.go"), []byte("package main\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"init", "--quiet"},
		{"add", "--all"},
		{"-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "one"},
	} {
		if out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", project}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	var all errgroup.Group
	for range 8 {
		all.Go(func() error {
			dir, err := checkOutBase(t.Context(), project, "HEAD")
			if err != nil {
				return err
			}
			_, err = os.Stat(filepath.Join(dir, "main.go"))
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
}

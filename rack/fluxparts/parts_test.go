package fluxparts

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestParts_EveryProgramIsPinnedAndResolves(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads modules")
	}
	out := t.TempDir()
	parts, built, err := Parts(t.Context(), "..", out)
	if err != nil {
		t.Fatal(err)
	}
	if len(parts) != len(Controllers())+2 {
		t.Fatalf("%d parts", len(parts))
	}
	for _, part := range parts {
		// With -deps every import of every package is resolved, and go.sum must know each.
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", part.Package)
		cmd.Dir = part.Module
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", part.Name, err, text)
		}
	}
	if _, err := os.Stat(filepath.Join(built.Distribution, "flux", "v2.7.0", "source-controller.yaml")); err != nil {
		t.Error(err)
	}
}

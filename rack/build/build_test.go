package build

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func module(t *testing.T, source string) Part {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example\n\ngo 1.24\n", "main.go": source} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Part{Name: "example", Module: dir, Package: ".", Output: filepath.Join(dir, "out", "example")}
}

func TestAll_BuildsOnceAndThenSaysUpToDate(t *testing.T) {
	// A text of its own: with -trimpath the same source from an earlier run would be found in the build cache.
	part := module(t, fmt.Sprintf("package main\n\nfunc main() { println(%q) }\n", rand.Text()))
	for _, want := range []string{"built", "up to date"} {
		var said bytes.Buffer
		seconds, err := All(t.Context(), []Part{part}, &said)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(said.String(), want) {
			t.Errorf("said %q, want %q in it", said.String(), want)
		}
		if seconds["example"] <= 0 {
			t.Errorf("seconds: %v", seconds)
		}
	}
	if _, err := os.Stat(part.Output); err != nil {
		t.Error(err)
	}
}

func TestAll_ShowsWhatTheCompilerSays(t *testing.T) {
	part := module(t, "package main\n\nfunc main() { missing() }\n")
	var said bytes.Buffer
	_, err := All(t.Context(), []Part{part}, &said)
	if err == nil || !strings.Contains(err.Error(), "undefined: missing") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(said.String(), "FAILED") {
		t.Errorf("said %q", said.String())
	}
}

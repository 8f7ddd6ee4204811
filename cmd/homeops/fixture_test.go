package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/specdoc"
)

// outcome is what one run of homeops did.
type outcome struct {
	code     int
	out, err string
}

// homeops runs the command line with the given standard input.
func homeops(t *testing.T, input string, args ...string) outcome {
	t.Helper()
	var out, err bytes.Buffer
	code := run(context.Background(), terminal{in: strings.NewReader(input), out: &out, err: &err}, args)
	return outcome{code, out.String(), err.String()}
}

// project makes a project with the given stack files and enters it.
func project(t *testing.T, stacks map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "Pulumi.yaml"), "name: home-ops\nruntime: go\n")
	for name, content := range stacks {
		write(t, filepath.Join(dir, "Pulumi."+name+".yaml"), content)
	}
	t.Chdir(dir)
	return dir
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// good is a stack file without any problem, with changes as pairs of old and new text.
func good(t *testing.T, changes ...string) string {
	t.Helper()
	text := specdoc.Example
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(text, changes[i]) {
			t.Fatalf("the example has no %q", changes[i])
		}
		text = strings.ReplaceAll(text, changes[i], changes[i+1])
	}
	return text
}

// other is a second stack that clashes with good in nothing.
func other(t *testing.T, changes ...string) string {
	t.Helper()
	return good(t, append([]string{
		"10.0.50.", "10.0.60.", "52:54:00:12:34:", "52:54:00:12:35:", "R1000", "R2000", "domain: example.com", "domain: lab.example.com",
	}, changes...)...)
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
}

// git runs git in the working directory.
func git(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

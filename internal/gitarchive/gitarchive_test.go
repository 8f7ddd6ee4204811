package gitarchive_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/gitarchive"
)

func TestExtract_WritesTheFilesOfACommitThatAreWanted(t *testing.T) {
	repository, dir := t.TempDir(), t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(repository, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write("tree/app.yaml", "committed")
	write("other.txt", "not wanted")
	for _, args := range [][]string{
		{"init", "--quiet"},
		{"add", "--all"},
		{"-c", "user.name=me", "-c", "user.email=me@example.com", "commit", "--quiet", "--message", "one"},
	} {
		if out, err := exec.Command("git", append([]string{"-C", repository}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	whole, err := gitarchive.Whole(t.Context(), repository)
	if err != nil || whole == "" {
		t.Errorf("the tree is its commit: %q, %v", whole, err)
	}
	write("in-no-commit", "")
	if got, err := gitarchive.Whole(t.Context(), repository); got != "" || err != nil {
		t.Errorf("a file is in no commit: %q, %v", got, err)
	}
	if err := os.Remove(filepath.Join(repository, "in-no-commit")); err != nil {
		t.Fatal(err)
	}
	write("tree/app.yaml", "changed since")
	if got, err := gitarchive.Whole(t.Context(), repository); got != "" || err != nil {
		t.Errorf("a file differs: %q, %v", got, err)
	}

	hash, err := gitarchive.Resolve(t.Context(), repository, "HEAD")
	if err != nil || hash != whole {
		t.Fatal(hash, err)
	}
	if err := gitarchive.Extract(t.Context(), repository, hash, dir, func(path string) bool { return strings.HasPrefix(path, "tree/") }); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(dir, "tree", "app.yaml"))
	if err != nil || string(content) != "committed" {
		t.Errorf("%q, %v", content, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "other.txt")); err == nil {
		t.Error("wrote what was not wanted")
	}
	if info, err := os.Stat(filepath.Join(dir, "tree", "app.yaml")); err != nil || info.Mode().Perm()&0o100 == 0 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestSameBut_LooksAtEveryOtherFile(t *testing.T) {
	repository := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		args = append([]string{"-C", repository, "-c", "user.name=me", "-c", "user.email=me@example.com"}, args...)
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	commit := func(name, text string) string {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(repository, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(repository, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		git("add", "--all")
		git("commit", "--quiet", "--message", name)
		hash, err := gitarchive.Resolve(t.Context(), repository, "HEAD")
		if err != nil {
			t.Fatal(err)
		}
		return hash
	}
	git("init", "--quiet")
	first := commit("main.go", "package main")
	figures := commit("README.md", "figures")
	tests := commit("rack/main_test.go", "package main")
	page := commit("docs/page.md", "a page")
	runbook := commit("docs/runbooks/page.md", "a runbook")
	code := commit("main.go", "package other")
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{first, first, true},
		{first, figures, true},
		{figures, first, true},
		{first, code, false},
		{first, page, true},
		{figures, tests, true},
		{tests, page, true},
		{page, runbook, false},
		{runbook, code, false},
		{strings.Repeat("0", 40), code, false},
		{"", code, false},
		{"--help", code, false},
	} {
		got, err := gitarchive.SameBut(t.Context(), repository, c.a, c.b, "README.md", "docs/*", "**/*_test.go")
		if err != nil || got != c.want {
			t.Errorf("%s and %s: %t, %v", c.a, c.b, got, err)
		}
	}
	if got, err := gitarchive.SameBut(t.Context(), repository, first, figures); got || err != nil {
		t.Errorf("README.md differs: %t, %v", got, err)
	}
}

func TestResolve_TellsOfANameThatIsNoCommit(t *testing.T) {
	dir := t.TempDir()
	_, err := gitarchive.Resolve(t.Context(), dir, "--help")
	if want := `"--help" is no commit of the repository in ` + dir; !errors.Is(err, gitarchive.ErrNoCommit) || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

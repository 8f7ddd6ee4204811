package gitserver

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const repository = "/home-ops/home-ops.git"

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, content := range files {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// start serves the tree and returns the repository's URL.
func start(t *testing.T, opts Options) (*Server, string) {
	t.Helper()
	opts.Path, opts.Branch, opts.Dir = repository, "main", t.TempDir()
	s, err := New(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL + repository
}

// git runs the client that everyone has, without the settings of this machine.
func git(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_TERMINAL_PROMPT=0")
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func mustGit(t *testing.T, args ...string) string {
	t.Helper()
	out, err := git(t, args...)
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestServer_ServesTheWorkingTreeWithoutWhatIsIgnored(t *testing.T) {
	t.Parallel()
	working := tree(t, map[string]string{
		"kubernetes/app/deployment.yaml": "kind: Deployment\n", "README.md": "hello\n", ".gitignore": "/out/\n", "out/state": "secret\n",
	})
	mustGit(t, "init", "--quiet", working)
	before := mustGit(t, "-C", working, "status", "--porcelain", "--ignored")
	_, url := start(t, Options{Tree: working})

	clone := t.TempDir()
	mustGit(t, "clone", "--quiet", "--branch", "main", "--depth", "1", url, clone)
	if got, want := mustGit(t, "-C", clone, "ls-files"), ".gitignore\nREADME.md\nkubernetes/app/deployment.yaml"; got != want {
		t.Errorf("the clone has\n%s\nwant\n%s", got, want)
	}
	if after := mustGit(t, "-C", working, "status", "--porcelain", "--ignored"); after != before {
		t.Errorf("the working tree's own repository changed:\n%s\nwas\n%s", after, before)
	}
}

func TestServer_FetchGetsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	s, url := start(t, Options{Tree: tree(t, map[string]string{"a": "1\n", "b": "1\n", "c/d": "1\n"})})
	clone := t.TempDir()
	mustGit(t, "clone", "--quiet", url, clone)

	hash, err := s.Commit(t.Context(), "feat: change a, drop b", map[string][]byte{"a": []byte("2\n"), "b": nil, "new/e": []byte("1\n")})
	if err != nil {
		t.Fatal(err)
	}
	mustGit(t, "-C", clone, "pull", "--quiet")
	if got := mustGit(t, "-C", clone, "rev-parse", "HEAD"); got != hash {
		t.Errorf("the clone is at %s, want %s", got, hash)
	}
	if got := content(t, filepath.Join(clone, "a")); got != "2\n" {
		t.Errorf("a is %q", got)
	}
	if got, want := mustGit(t, "-C", clone, "ls-files"), "a\nc/d\nnew/e"; got != want {
		t.Errorf("the clone has\n%s\nwant\n%s", got, want)
	}
	if read, err := s.Read(t.Context(), "a"); err != nil || string(read) != "2\n" {
		t.Errorf("Read: %q, %v", read, err)
	}
}

func TestServer_RefusesPushesAndWhoDoesNotKnowTheToken(t *testing.T) {
	t.Parallel()
	s, url := start(t, Options{Tree: tree(t, map[string]string{"a": "1\n"}), Token: "secret"})
	clone := t.TempDir()
	if out, err := git(t, "clone", url, clone); err == nil {
		t.Errorf("cloned without the token: %s", out)
	}
	known := strings.Replace(url, "http://", "http://git:secret@", 1)
	mustGit(t, "clone", "--quiet", known, clone)
	mustGit(t, "-C", clone, "-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "--quiet", "--allow-empty", "-m", "x")
	if out, err := git(t, "-C", clone, "push"); err == nil || !strings.Contains(out, "403") {
		t.Errorf("push: %v\n%s", err, out)
	}
	s.Accept("next")
	s.Revoke("secret")
	if out, err := git(t, "ls-remote", known); err == nil {
		t.Errorf("a revoked token is taken: %s", out)
	}
	mustGit(t, "ls-remote", strings.Replace(known, "secret", "next", 1))
	if in, out := s.Shown("next"), s.Shown("secret"); in.In == 0 || in.Refused != 0 || out.Refused == 0 {
		t.Errorf("the next was shown %+v, the former %+v", in, out)
	}
}

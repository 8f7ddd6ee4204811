package gitremote

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repository has a folder on its branch main, and a branch next without it.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		args = append([]string{"-C", dir, "-c", "user.name=me", "-c", "user.email=me@example.com"}, args...)
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
	run("init", "--quiet", "--initial-branch=next")
	run("commit", "--quiet", "--allow-empty", "--message", "nothing yet")
	run("checkout", "--quiet", "-b", "main")
	if err := os.MkdirAll(filepath.Join(dir, "kubernetes", "clusters", "home"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"kubernetes/clusters/home/kustomization.yaml", "kubernetes/clusters/file"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run("add", "--all")
	run("commit", "--quiet", "--message", "a cluster")
	return "file://" + dir
}

func TestLook(t *testing.T) {
	r := repository(t)
	for _, c := range []struct{ branch, folder, want string }{
		{"main", "kubernetes/clusters/home", ""},
		{"main", "./kubernetes/clusters/home/", ""},
		{"main", ".", ""},
		{"main", "kubernetes/clusters/lab", "the branch main of " + r + " has no folder kubernetes/clusters/lab"},
		{"main", "kubernetes/clusters/file", "the branch main of " + r + " has no folder kubernetes/clusters/file"},
		{"next", "kubernetes/clusters/home", "the branch next of " + r + " has no folder kubernetes/clusters/home"},
		{"mine", "kubernetes/clusters/home", r + " has no branch mine; it has main, next"},
	} {
		err := Look(t.Context(), r, c.branch, c.folder)
		var missing *MissingError
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &missing) || err.Error() != c.want) {
			t.Errorf("%s, %s: %v, want %q", c.branch, c.folder, err, c.want)
		}
	}
}

func TestLook_AtAnEmptyRepository(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("git", "init", "--quiet", "--bare", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	err := Look(t.Context(), "file://"+dir, "main", "kubernetes/clusters/home")
	if want := "file://" + dir + " is empty"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestLook_DoesNotTakeSilenceForAbsence(t *testing.T) {
	private := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="Git"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer private.Close()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
	for url, want := range map[string]string{
		private.URL + "/o/r.git":     "git ls-remote: fatal: could not read Username",
		"file:///nowhere":            "git ls-remote: ",
		"ext::sh -c touch% /tmp/bad": "git ls-remote: fatal: transport 'ext' not allowed",
	} {
		err := Look(t.Context(), url, "main", "kubernetes/clusters/home")
		var missing *MissingError
		if err == nil || errors.As(err, &missing) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
}

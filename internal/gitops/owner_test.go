package gitops_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/spec/spectest"
)

// inCopy tells a test that it runs in an owner's copy of the repository.
const inCopy = "GITOPS_OWNERS_COPY"

// The tests of this package look for the stack files that there are. Whatever an owner makes of the samples, none of them
// may fail: they are run here again, in a copy where the samples were edited, renamed or removed.
func TestTree_IsNoFaultOfThisPackageForAnOwner(t *testing.T) {
	if os.Getenv(inCopy) != "" {
		t.Skip("this is the copy")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.ReadFile(spectest.HomeFile(t))
	if err != nil {
		t.Fatal(err)
	}
	house := strings.NewReplacer(
		"name: home\n", "name: house\n", "example.com", "house.example.org", "10.0.", "10.77.", "kubernetes/clusters/home", "kubernetes/clusters/house",
	).Replace(string(home))
	for name, test := range map[string]struct {
		files map[string]string
		run   string
		want  string
	}{
		"home edited and renamed, lab removed": {map[string]string{"house": house}, "^TestTree_", "--- PASS: TestTree_NothingWaitsForEver/house"},
		"none left":                            {nil, "^TestTree_NothingWaitsForEver$", "--- PASS: TestTree_NothingWaitsForEver/sample_home"},
		"one that is broken":                   {map[string]string{"house": "config: {}\n"}, "^TestTree_NothingWaitsForEver$", "--- SKIP: TestTree_NothingWaitsForEver/house"},
	} {
		root := t.TempDir()
		if err := gitops.ComposeInto(root, repository, spectest.Home(t)); err != nil {
			t.Fatal(err)
		}
		for stack, text := range test.files {
			write(t, filepath.Join(root, "Pulumi."+stack+".yaml"), text)
		}
		clusters := filepath.Join(root, "kubernetes", "clusters")
		if err := os.Rename(filepath.Join(clusters, "home"), filepath.Join(clusters, "house")); err != nil {
			t.Fatal(err)
		}
		for _, same := range []string{"rack", "renovate.json5", "internal/gitops/testdata"} {
			link(t, root, same)
		}
		cmd := exec.CommandContext(t.Context(), self, "-test.run="+test.run, "-test.v")
		cmd.Dir, cmd.Env = filepath.Join(root, "internal", "gitops"), append(os.Environ(), inCopy+"=1")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), test.want) {
			t.Errorf("%s: %v, or no %q\n%s", name, err, test.want, out)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// link lends a copy what it does not change.
func link(t *testing.T, root, path string) {
	t.Helper()
	real, err := filepath.Abs(filepath.Join(repository, path))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, filepath.Join(root, path)); err != nil {
		t.Fatal(err)
	}
}

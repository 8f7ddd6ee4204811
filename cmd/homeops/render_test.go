package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec/spectest"
)

// repository is a project with the stack home and a tree with one app, in which the test is.
func repository(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	archive, err := txtar.ParseFile("testdata/tree.txtar")
	if err != nil {
		t.Fatal(err)
	}
	home, err := os.ReadFile(spectest.HomeFile(t))
	if err != nil {
		t.Fatal(err)
	}
	archive.Files = append(archive.Files,
		txtar.File{Name: "Pulumi.yaml", Data: []byte("name: home-ops\nruntime: go\n")}, txtar.File{Name: "Pulumi.home.yaml", Data: home})
	for _, file := range archive.Files {
		path := filepath.Join(dir, file.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	return dir
}

// rendered is what render writes, by path.
func rendered(t *testing.T, args ...string) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "stale.yaml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got := homeops(t, "", append([]string{"render", "-out", dir}, args...)...)
	if got.code != exitOK {
		t.Fatalf("exit %d: %s%s", got.code, got.out, got.err)
	}
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[name] = content
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestRender_WritesEveryPartOfAStack(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	repository(t)
	files := rendered(t, "home")
	names := strings.Join(slices.Sorted(maps.Keys(files)), "\n") + "\n"
	if again := rendered(t, "home"); !maps.EqualFunc(files, again, bytes.Equal) {
		t.Error("writes something else the second time")
	}
	for file, want := range map[string]string{
		"cilium/values/cilium.yaml":  "# Release kube-system/cilium of oci://quay.io/cilium/charts/cilium ",
		"cilium/objects.yaml":        "kind: CiliumLoadBalancerIPPool",
		"edge/objects.yaml":          "api-token: <cluster-token>",
		"stack/objects.yaml":         "name: cluster-identity",
		"talos/cp-1.yaml":            "REDACTED",
		"tree/flux-system/echo.yaml": "value: echo." + "example.com",
	} {
		if !strings.Contains(string(files[file]), want) {
			t.Errorf("%s: no %q", file, want)
		}
	}
	t.Chdir(here)
	golden.Check(t, "render/home.txt", []byte(names))
}

func TestRender_WritesTheMachinesAlone(t *testing.T) {
	repository(t)
	all := rendered(t, "home")
	maps.DeleteFunc(all, func(name string, _ []byte) bool { return !strings.HasPrefix(name, "talos/") })
	if got := rendered(t, "-machines", "home"); len(got) < 5 || !maps.EqualFunc(got, all, bytes.Equal) {
		t.Errorf("writes %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(all)))
	}
}

func TestRender_WritesNoSecret(t *testing.T) {
	repository(t)
	for path, content := range rendered(t, "home") {
		if filepath.Ext(path) != ".yaml" {
			continue
		}
		for decoder := yaml.NewDecoder(bytes.NewReader(content)); ; {
			var object struct {
				Kind       string
				Data       map[string]string
				StringData map[string]string `yaml:"stringData"`
			}
			err := decoder.Decode(&object)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || object.Kind != "Secret" {
				continue
			}
			for key, value := range object.StringData {
				if late := strings.HasPrefix(value, "<") && strings.HasSuffix(value, ">"); !late && key != "username" && key != "known_hosts" {
					t.Errorf("%s: %s is %q", path, key, value)
				}
			}
			if len(object.Data) > 0 {
				t.Errorf("%s: a Secret with data", path)
			}
		}
	}
}

func TestRender_ReportsATreeThatIsNotThereYet(t *testing.T) {
	dir := project(t, map[string]string{"home": good(t)})
	got := homeops(t, "", "render", "home")
	if got.code != exitProblem || !strings.Contains(got.err, "kubernetes/clusters/home") {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
	if _, err := os.Stat(filepath.Join(dir, "out", "render", "home", "cilium", "values", "cilium.yaml")); err != nil {
		t.Errorf("what can be rendered is not: %v", err)
	}
}

func TestRender_WantsOneStack(t *testing.T) {
	got := homeops(t, "", "render")
	if got.code != exitUsage || !strings.Contains(got.err, "render: name one stack or stack file") {
		t.Errorf("exit %d, says %q", got.code, got.err)
	}
}

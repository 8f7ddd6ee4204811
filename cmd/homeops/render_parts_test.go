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

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/components/talos/machineconfig"
)

// rendered is what render writes of a stack of this project.
func rendered(t *testing.T, stack string) rendering {
	t.Helper()
	dir := t.TempDir()
	got := homeops(t, "", "render", "../../Pulumi."+stack+".yaml", "-out", dir)
	if got.code != exitOK {
		t.Fatalf("exit %d: %s%s", got.code, got.out, got.err)
	}
	files := rendering{}
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
	for stack, want := range map[string][]string{
		"home": {
			"cilium/objects.yaml", "cilium/values.yaml",
			"edge/objects.yaml", "edge/tunnel.yaml", "edge/values/cert-manager.yaml",
			"edge/values/external-dns-cloudflare.yaml", "edge/values/k8s-gateway.yaml",
			"flux/objects.yaml", "flux/settings.yaml", "flux/values.yaml",
			"rook/objects.yaml", "rook/values.yaml",
			"secretstore/objects.yaml", "secretstore/values/external-secrets.yaml", "secretstore/values/onepassword-connect.yaml",
		},
		"lab": {
			"cilium/frr/unifi.conf", "cilium/objects.yaml", "cilium/values.yaml",
			"edge/objects.yaml", "edge/tunnel.yaml", "edge/values/cert-manager.yaml",
			"edge/values/external-dns-cloudflare.yaml", "edge/values/external-dns-unifi.yaml", "edge/values/k8s-gateway.yaml",
			"flux/objects.yaml", "flux/settings.yaml", "flux/values.yaml",
			"secretstore/objects.yaml", "secretstore/values/external-secrets.yaml",
		},
	} {
		t.Run(stack, func(t *testing.T) {
			files := rendered(t, stack)
			var got []string
			for _, path := range slices.Sorted(maps.Keys(files)) {
				if !strings.HasPrefix(path, "talos/") && !strings.HasPrefix(path, "tree/") {
					got = append(got, path)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("writes %v, want %v", got, want)
			}
			for _, path := range []string{"tree/flux-system/flux-system.yaml", "tree/flux-system/echo.yaml"} {
				if files[path] == nil {
					t.Errorf("no %s", path)
				}
			}
			if again := rendered(t, stack); !maps.EqualFunc(files, again, bytes.Equal) {
				t.Error("writes something else the second time")
			}
		})
	}
}

func TestRender_WritesWhatTheComponentsSend(t *testing.T) {
	for _, stack := range []string{"home", "lab"} {
		files := rendered(t, stack)
		for path, golden := range map[string]string{
			"edge/objects.yaml":             "edge/objects/testdata/" + stack + ".yaml",
			"edge/tunnel.yaml":              "edge/tunnel/testdata/" + stack + ".yaml",
			"edge/values/cert-manager.yaml": "edge/values/testdata/" + stack + "/cert-manager.yaml",
			"rook/objects.yaml":             "rook/objects/testdata/" + stack + ".yaml",
			"rook/values.yaml":              "rook/values/testdata/" + stack + ".yaml",
		} {
			want, err := os.ReadFile("../../components/" + golden)
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			if !bytes.Equal(files[path], want) {
				t.Errorf("%s: %s differs from its golden", stack, path)
			}
		}
	}
}

func TestRender_WritesYAMLWithoutSecrets(t *testing.T) {
	for _, stack := range []string{"home", "lab"} {
		for path, content := range rendered(t, stack) {
			if filepath.Ext(path) != ".yaml" {
				continue
			}
			for _, document := range documentsOf(t, path, content) {
				object, _ := document.(map[string]any)
				if object["kind"] != "Secret" {
					continue
				}
				data, _ := object["stringData"].(map[string]any)
				for key, value := range data {
					if strings.Contains(strings.ToUpper(key), "KEY") && value != machineconfig.Redacted {
						t.Errorf("%s: %s: %s is %v", stack, path, key, value)
					}
				}
				if object["data"] != nil {
					t.Errorf("%s: %s: a Secret with data", stack, path)
				}
			}
		}
	}
}

func documentsOf(t *testing.T, path string, content []byte) []any {
	t.Helper()
	var all []any
	for decoder := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var document any
		switch err := decoder.Decode(&document); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, document)
	}
}

func TestRender_TellsOfATreeThatIsNotThereYet(t *testing.T) {
	dir := project(t, map[string]string{"home": good(t)})
	got := homeops(t, "", "render", "home")
	if got.code != exitProblem || !strings.Contains(got.err, "kubernetes/clusters/home") {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
	if _, err := os.Stat(filepath.Join(dir, "out", "render", "home", "cilium", "values.yaml")); err != nil {
		t.Errorf("what can be rendered is not: %v", err)
	}
}

package gitops_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// head is what every document of the tree begins with.
type head struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
}

// treeFiles calls do with every YAML file of the tree, its path in the repository, and its text. Unit tests of alerts lie
// beside them and are no part of it: no cluster gets them, and rack/promrules reads them.
func treeFiles(t *testing.T, do func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(repository+"/kubernetes", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" || strings.HasSuffix(path, "_test.yaml") {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(repository, path)
		do(name, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An editor completes and checks each document by the schema that its first line names.
func TestTree_EveryDocumentNamesItsSchema(t *testing.T) {
	treeFiles(t, func(path string, text []byte) {
		for _, document := range strings.Split("\n"+string(text), "\n---\n")[1:] {
			var h head
			if err := yaml.Unmarshal([]byte(document), &h); err != nil {
				if !strings.HasPrefix(document, "# yaml-language-server: $schema=https://json.schemastore.org/json-patch") {
					t.Errorf("%s: %v", path, err)
				}
				continue
			}
			line, _, _ := strings.Cut(document, "\n")
			if want := "# yaml-language-server: $schema=" + schemaOf(h); line != want {
				t.Errorf("%s: %s begins with %q, want %q", path, h.Kind, line, want)
			}
		}
	})
}

// schemaOf is where the form of a kind can be read.
func schemaOf(h head) string {
	kind := strings.ToLower(h.Kind)
	group, version, ok := strings.Cut(h.APIVersion, "/")
	if !ok {
		group, version = "", group
	}
	const builtin = "https://raw.githubusercontent.com/yannh/kubernetes-json-schema/master/v1.34.1-standalone-strict/"
	switch {
	case group == "kustomize.config.k8s.io":
		return "https://json.schemastore.org/kustomization"
	case group == "":
		return builtin + kind + "-" + version + ".json"
	case !strings.Contains(group, "."), slices.Contains([]string{
		"networking.k8s.io", "rbac.authorization.k8s.io", "storage.k8s.io",
	}, group):
		group, _, _ = strings.Cut(group, ".")
		return builtin + kind + "-" + group + "-" + version + ".json"
	default:
		return "https://k8s-schemas.home-operations.com/" + group + "/" + kind + "_" + version + ".json"
	}
}

// A file that no kustomization.yaml of its folder or above lists is a file that somebody
// forgot. A folder that no cluster uses is none: it may be another cluster's.
func TestTree_EveryFileIsListed(t *testing.T) {
	listed := map[string]bool{}
	treeFiles(t, func(path string, text []byte) {
		if filepath.Base(path) != "kustomization.yaml" {
			return
		}
		var file any
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		eachText(file, func(text string) {
			for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == '=' || r == ' ' || r == '\n' }) {
				listed[filepath.Join(filepath.Dir(path), word)] = true
			}
		})
	})
	treeFiles(t, func(path string, _ []byte) {
		if filepath.Base(path) != "kustomization.yaml" && !listed[path] {
			t.Errorf("%s: no kustomization.yaml lists it; add it to one, or take it away", path)
		}
	})
}

// eachText calls do with every text in a document.
func eachText(value any, do func(string)) {
	switch v := value.(type) {
	case string:
		do(v)
	case []any:
		for _, item := range v {
			eachText(item, do)
		}
	case map[string]any:
		for _, item := range v {
			eachText(item, do)
		}
	}
}

// A Secret in the tree is encrypted, or it is made of what is not in the tree.
func TestTree_HoldsNoSecretInPlainText(t *testing.T) {
	treeFiles(t, func(path string, text []byte) {
		decoder := yaml.NewDecoder(bytes.NewReader(text))
		for {
			var secret struct {
				Kind       string
				Data       map[string]string
				StringData map[string]string `yaml:"stringData"`
				SOPS       map[string]any    `yaml:"sops"`
			}
			if err := decoder.Decode(&secret); err != nil {
				var typed *yaml.TypeError
				if errors.Is(err, io.EOF) || !errors.As(err, &typed) {
					return
				}
			}
			if secret.Kind != "Secret" || secret.SOPS != nil {
				continue
			}
			for key, value := range secret.StringData {
				if !strings.Contains(value, "${") {
					t.Errorf("%s: stringData.%s is in plain text; encrypt the file (.sops.yaml), or take the value from the vault", path, key)
				}
			}
			if len(secret.Data) > 0 {
				t.Errorf("%s: data is in plain text; encrypt the file (.sops.yaml), or take it from the vault", path)
			}
		}
	})
}

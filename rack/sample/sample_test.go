package sample

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec/spectest"
)

func TestNotSample_TellsAnOwnersStackFromTheSample(t *testing.T) {
	text, err := os.ReadFile(spectest.HomeFile(t))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "Pulumi.home.yaml")
	if got, want := notSample(path, spectest.Home(t)), path+" is not there"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for name, test := range map[string]struct{ from, to, want string }{
		"the sample":             {"", "", ""},
		"a version raised":       {"talosVersion: v1.11.1", "talosVersion: v1.11.2", ""},
		"an owner's repository":  {"github.com/home-ops/home-ops.git", "github.com/me/house.git", " follows another repository than the sample"},
		"an owner's own machine": {"name: worker-3", "name: attic", " has other nodes than the sample"},
	} {
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), test.from, test.to)), 0o600); err != nil {
			t.Fatal(err)
		}
		if test.from == "" {
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got := strings.TrimPrefix(notSample(path, spectest.Home(t)), path)
		if got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestRoot_HasTheClusterOfTheStack(t *testing.T) {
	for _, name := range []string{"home", "lab"} {
		stack := Stack(t, name)
		root := Root(t, "../..", stack)
		if _, err := os.Stat(filepath.Join(root, stack.Flux.Path, "kustomization.yaml")); err != nil {
			t.Error(err)
		}
	}
}

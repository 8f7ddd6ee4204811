package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec/spectest"
)

// treeProject is a project with the repository's apps, and the stack files of the tests under their own names.
func treeProject(t *testing.T, stacks ...string) string {
	t.Helper()
	apps, err := filepath.Abs("../../kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, stack := range stacks {
		path := map[string]func(testing.TB) string{"home": spectest.HomeFile, "lab": spectest.LabFile}[stack](t)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[stack] = string(content)
	}
	dir := project(t, files)
	for _, folder := range []string{"apps", "components", "tenants"} {
		if err := os.CopyFS(filepath.Join(dir, "kubernetes", folder), os.DirFS(filepath.Join(apps, folder))); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func edited(t *testing.T, path, old, text string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(content), old) {
		t.Fatalf("%s has no %q: %v", path, old, err)
	}
	write(t, path, strings.Replace(string(content), old, text, 1))
}

func TestTree_WritesAClusterThatValidateAccepts(t *testing.T) {
	treeProject(t, "home", "lab")
	missing := homeops(t, "", "validate", "lab")
	if want := "error kubernetes/clusters/lab/kustomization.yaml: there is no such file, and Flux begins with it: `homeops tree lab` writes one that fits the stack\n"; missing.code != exitProblem || !strings.HasPrefix(missing.out, want) {
		t.Errorf("got %+v, want %s", missing, want)
	}
	for _, stack := range []string{"home", "lab"} {
		if got := homeops(t, "", "tree", stack); got.code != exitOK {
			t.Fatalf("%+v", got)
		}
	}
	if got := homeops(t, "", "validate"); got.code != exitOK || strings.Contains(got.out, "kubernetes/") {
		t.Errorf("got %+v", got)
	}
	again := homeops(t, "", "tree", "home")
	if want := "homeops: kubernetes/clusters/home/kustomization.yaml exists, and is not overwritten: compare it with what `homeops tree -show` prints\n"; again.code != exitProblem || again.err != want {
		t.Errorf("got %+v", again)
	}
}

// Both directions: what the stack has and the tree lacks, and what the tree has and the stack lacks.
func TestValidate_ComparesTheTreeWithTheStackFile(t *testing.T) {
	for name, c := range map[string]struct{ file, old, text, want string }{
		"a feature without its app": {
			"kubernetes/clusters/home/kustomization.yaml", "  - ../../apps/openebs\n", "",
			"error kubernetes/clusters/home: the stack has storage.zfs, but not Kustomization zfs-localpv; add it\n",
		},
		"an app without its feature": {
			"kubernetes/clusters/home/kustomization.yaml", "  - ../../apps/openebs\n", "  - ../../apps/openebs\n  - ../../apps/longhorn-system\n",
			"error kubernetes/clusters/home: Kustomization longhorn needs storage.longhorn.backup, which the stack does not have; take it away, or add that to the stack file\n",
		},
		"a way in that is not there": {
			"Pulumi.home.yaml", "      external: [10.0.50.102]\n    cloudflare: { accountID: 5d7a0b1c9e8f4a3b8c6d2e1f0a9b8c7d }\n    certificates: { email: admin@example.com }\n", "",
			"error kubernetes/clusters/home: Kustomization echo with the component external needs edge.gateways.external, which the stack does not have; take it away, or add that to the stack file\n",
		},
		"an app that was misspelt": {
			"kubernetes/clusters/home/kustomization.yaml", "../../apps/spegel", "../../apps/spiegel",
			"error kubernetes/clusters/home/kustomization.yaml: it lists ../../apps/spiegel, which is not there; add the file or take away the line\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			treeProject(t, "home")
			if got := homeops(t, "", "tree", "home"); got.code != exitOK {
				t.Fatalf("%+v", got)
			}
			edited(t, c.file, c.old, c.text)
			if c.file == "Pulumi.home.yaml" {
				edited(t, c.file, "    webhook: {}\n    github: { protection: true, requiredChecks: [preview] }\n", "")
			}
			if got := homeops(t, "", "validate", "home"); got.code != exitProblem || !strings.Contains(got.out, c.want) {
				t.Errorf("got\n%s\nwant\n%s", got.out, c.want)
			}
		})
	}
}

func TestValidate_TellsOfRecipientsThatAreNotTheStacks(t *testing.T) {
	treeProject(t, "home")
	for _, args := range [][]string{{"tree", "home"}, {"sops"}} {
		if got := homeops(t, "", args...); got.code != exitOK {
			t.Fatalf("%v: %+v", args, got)
		}
	}
	edited(t, "Pulumi.home.yaml", "age1wprwcvxlkksh3wv90zmnj3e43fa7ak98lsphp5hsw5htjgm75amq4pq7ts", "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq")
	want := "warning .sops.yaml: its recipients are not those of the stack files: run `homeops sops`, then `sops updatekeys` on each *.sops.yaml, and commit them\n"
	if got := homeops(t, "", "validate"); got.code != exitOK || !strings.Contains(got.out, want) {
		t.Errorf("got %+v", got)
	}
}

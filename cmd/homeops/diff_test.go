package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/golden"
)

// edit replaces text in a file of the project; old must be there.
func edit(t testing.TB, file, old, now string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), old) {
		t.Fatalf("%s has no %q", file, old)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(content), old, now, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// committed is a project whose state is a commit.
func committed(t *testing.T) string {
	t.Helper()
	dir := repository(t)
	commit(t)
	return dir
}

// commit makes a commit of the folder that the test is in, in a repository of its own.
func commit(t testing.TB) {
	t.Helper()
	for _, args := range [][]string{
		{"init", "--quiet"},
		{"add", "--all"},
		{"-c", "user.name=me", "-c", "user.email=me@example.com", "commit", "--quiet", "--message", "before"},
	} {
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v: %s", args, err, out)
		}
	}
}

const stackHome = "Pulumi.home.yaml"

// changes are edits of a stack file or of the tree, and what they do.
var changes = map[string]func(t *testing.T){
	"nothing": func(*testing.T) {},
	"pool": func(t *testing.T) {
		edit(t, stackHome, "10.0.50.100-10.0.50.199", "10.0.50.100-10.0.50.220")
	},
	"node-label": func(t *testing.T) {
		edit(t, stackHome, "    - name: worker-1\n", "    - name: worker-1\n      labels: { example.com/room: cellar }\n")
	},
	"sysctl": func(t *testing.T) {
		edit(t, stackHome, "  home-ops:nodeDefaults:\n", "  home-ops:nodeDefaults:\n    sysctls: { net.core.somaxconn: \"4096\" }\n")
	},
	"kernel-module": func(t *testing.T) {
		edit(t, stackHome, "    - name: worker-2\n", "    - name: worker-2\n      kernelModules: [{ name: nvme_tcp }]\n")
	},
	"reinstall": func(t *testing.T) {
		edit(t, stackHome, "    - name: worker-2\n", "    - name: worker-2\n      reinstall: encrypted\n      encryption: { ephemeral: { keys: [{ type: nodeID }] } }\n")
	},
	"chart-version": func(t *testing.T) {
		edit(t, stackHome, "  home-ops:versions:\n", "  home-ops:versions:\n    cilium: 1.18.3\n    gatewayAPI: v1.4.1\n")
	},
	"talos-minor": func(t *testing.T) {
		edit(t, stackHome, "talosVersion: v1.11.1", "talosVersion: v1.12.0")
	},
	"talos-contract": func(t *testing.T) {
		edit(t, stackHome, "talosVersion: v1.11.1", "talosVersion: v1.14.1")
		commit(t)
		edit(t, stackHome, "talosContract: v1.11", "talosContract: v1.14")
	},
	"gateway-api": func(t *testing.T) {
		edit(t, stackHome, "  home-ops:versions:\n", "  home-ops:versions:\n    gatewayAPI: v1.6.2\n")
	},
	"app": func(t *testing.T) {
		edit(t, "kubernetes/apps/echo/app/deployment.yaml", "echo:1.0.0", "echo:1.1.0")
	},
	"node-leaves": func(t *testing.T) {
		edit(t, stackHome, "    - name: worker-3\n", "    - name: worker-4\n")
		edit(t, stackHome, "{ name: worker-3,", "{ name: worker-4,")
	},
}

func TestDiff_ReportsWhatAStepDoes(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			committed(t)
			change(t)
			got := homeops(t, "", "diff", "HEAD")
			if got.code != exitOK {
				t.Fatalf("exit %d: %s", got.code, got.err)
			}
			var reports []struct{ Stack string }
			asJSON := homeops(t, "", "diff", "HEAD", "--json")
			if err := json.Unmarshal([]byte(asJSON.out), &reports); err != nil || len(reports) != 1 || reports[0].Stack != "home" {
				t.Errorf("--json: %v: %s", err, asJSON.out)
			}
			t.Chdir(here)
			golden.Check(t, "diff/"+name+".txt", []byte(got.out))
			golden.Check(t, "diff/"+name+".json", []byte(asJSON.out))
		})
	}
}

// TestManual_QuotesWholeReports holds the manual's examples to the goldens. One with dots in it is shortened.
func TestManual_QuotesWholeReports(t *testing.T) {
	manual, err := os.ReadFile("../../docs/diff.md")
	if err != nil {
		t.Fatal(err)
	}
	reports := map[string]bool{}
	for name := range changes {
		report, err := os.ReadFile(filepath.Join("testdata", "diff", name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		reports[string(report)] = true
	}
	quoted := 0
	for _, part := range strings.Split(string(manual), "```\n") {
		if strings.HasPrefix(part, "home: ") && !strings.Contains(part, "...") {
			quoted++
			if !reports[part] {
				t.Errorf("docs/diff.md: no report of testdata/diff is\n%s", part)
			}
		}
	}
	if quoted == 0 {
		t.Error("docs/diff.md quotes no report")
	}
}

func TestDiff_ComparesTwoStackFiles(t *testing.T) {
	repository(t)
	content, err := os.ReadFile(stackHome)
	if err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(t.TempDir(), "Pulumi.home.yaml")
	if err := os.WriteFile(old, content, 0o600); err != nil {
		t.Fatal(err)
	}
	changes["pool"](t)
	got := homeops(t, "", "diff", old, "home")
	if got.code != exitOK || !strings.Contains(got.out, "~ CiliumLoadBalancerIPPool") {
		t.Errorf("exit %d: %s%s", got.code, got.out, got.err)
	}
}

func TestDiff_ReportsStacksThatComeAndGo(t *testing.T) {
	dir := committed(t)
	if err := os.Rename(stackHome, "Pulumi.cabin.yaml"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "kubernetes/clusters/home"), filepath.Join(dir, "kubernetes/clusters/cabin")); err != nil {
		t.Fatal(err)
	}
	got := homeops(t, "", "diff", "HEAD")
	want := "cabin: a new stack\nhome: the stack is gone; its cluster is not touched before `pulumi destroy`\n"
	if got.code != exitOK || got.out != want {
		t.Errorf("exit %d: %q%s, want %q", got.code, got.out, got.err, want)
	}
}

// A base whose own code rendered something else is compared by what that rendered.
func TestDiff_TakesTheBasesOwnRendering(t *testing.T) {
	dir := committed(t)
	own := filepath.Join(dir, "homeops")
	script := "#!/bin/sh\nmkdir -p \"$4/cilium/values\"\nprintf '# Release kube-system/cilium of oci://quay.io/cilium/charts/cilium 1.0.0\\na: 1\\n' > \"$4/cilium/values/cilium.yaml\"\n"
	if err := os.WriteFile(own, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	got := homeops(t, "", "diff", "--base-homeops", own, "HEAD", "home")
	if got.code != exitOK || !strings.Contains(got.out, "~ release kube-system/cilium: oci://quay.io/cilium/charts/cilium 1.0.0 -> ") {
		t.Errorf("exit %d: %s%s", got.code, got.out, got.err)
	}
}

func TestDiff_SaysWhatItCannotCompareWith(t *testing.T) {
	committed(t)
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"nothing":             {nil, "homeops: diff: name what to compare with: a commit, a folder or a stack file\n"},
		"no commit":           {[]string{"nope"}, "homeops: diff: \"nope\" is no commit, folder or file\n"},
		"a folder of nothing": {[]string{"kubernetes"}, "homeops: diff: the folder kubernetes holds no Pulumi.yaml\n"},
		"an unknown stack":    {[]string{"HEAD", "hom"}, "homeops: there is no stack \"hom\": Pulumi.hom.yaml does not exist; the project has home\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := homeops(t, "", append([]string{"diff"}, test.args...)...)
			if got.code != exitUsage || got.err != test.want {
				t.Errorf("exit %d: %q, want %q", got.code, got.err, test.want)
			}
		})
	}
}

func TestDiff_ReportsWhyASideCannotBeRendered(t *testing.T) {
	committed(t)
	edit(t, stackHome, "domain: ", "domian: ")
	got := homeops(t, "", "diff", "HEAD")
	if !strings.Contains(got.out, "not compared: after: ") || !strings.Contains(got.out, "domian") {
		t.Errorf("exit %d: %s%s", got.code, got.out, got.err)
	}
}

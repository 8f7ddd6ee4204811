package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// nextOf are the commands that init printed last.
func nextOf(t *testing.T, got outcome) string {
	t.Helper()
	_, rest, found := strings.Cut(got.out, "Next, as printed, in this order:\n")
	if got.code != exitOK || !found {
		t.Fatalf("got %+v", got)
	}
	var lines strings.Builder
	for line := range strings.Lines(rest) {
		command, indented := strings.CutPrefix(line, "  ")
		if !indented {
			break
		}
		lines.WriteString(command)
	}
	return lines.String()
}

func TestInit_PrintsWhatIsStillMissingBeforeUp(t *testing.T) {
	const (
		rehearse = "make rehearse STACK=home\n"
		commit   = "git add -A && git commit -m 'feat: the stack home' && "
		url      = "https://github.com/me/home-ops.git"
		up       = "make up STACK=home\n"
	)
	for name, c := range map[string]struct {
		origin, pulumi string
		flags          []string
		want           string
	}{
		"made by pulumi new":   {"none", "echo '{}'", nil, rehearse + "git init --initial-branch=main && git remote add origin " + url + "\n" + commit + "git push --set-upstream origin HEAD\n" + up},
		"no remote":            {"", "echo '{}'", nil, rehearse + "git remote add origin " + url + "\n" + commit + "git push --set-upstream origin HEAD\n" + up},
		"a clone of ours":      {ours, "echo '{}'", nil, rehearse + "git remote set-url origin " + url + "\n" + commit + "git push --set-upstream origin HEAD\n" + up},
		"a clone of one's own": {"git@github.com:me/home-ops.git", "echo '{}'", nil, rehearse + commit + "git push\n" + up},
		"nobody is logged in":  {url, "exit 255", nil, rehearse + commit + "git push\n" + loginHere + "\n" + up},
		"with secrets to be set": {url, "exit 255", []string{"--cloudflare=0123456789abcdef0123456789abcdef", "--email=me@example.com"}, loginHere + "\n" +
			"pulumi stack init home --secrets-provider passphrase\npulumi config set --stack home --secret home-ops:cloudflareApiToken\n" + rehearse + commit + "git push\n" + up},
	} {
		project(t, nil)
		if c.origin != "none" {
			git(t, "init", "-q")
		}
		if c.origin != "none" && c.origin != "" {
			git(t, "remote", "add", "origin", c.origin)
		}
		pulumiSays(t, c.pulumi)
		got := converse(t, rackOf(t), "", given(c.flags...)...)
		if next := nextOf(t, got); next != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, next, c.want)
		}
		if said := strings.Contains(got.out, "`"+loginHere+"` keeps the state on this computer"); said != (c.pulumi == "exit 255") {
			t.Errorf("%s: of the state's place it says\n%s", name, got.out)
		}
	}
}

// The commands for Git are run as they are printed, in a folder that is no repository yet.
func TestInit_TheCommandsForGitMakeFluxsRepository(t *testing.T) {
	dir := project(t, nil)
	bare := filepath.Join(t.TempDir(), "house.git")
	git(t, "init", "-q", "--bare", bare)
	next := strings.ReplaceAll(nextOf(t, begin(t, rackOf(t), "", given()...)), "https://github.com/me/home-ops.git", bare)
	cmd := exec.CommandContext(t.Context(), "sh", "-ec", strings.NewReplacer("make rehearse STACK=home\n", "", "make up STACK=home\n", "").Replace(next))
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_NAME=me", "GIT_AUTHOR_EMAIL=me@example.org", "GIT_COMMITTER_NAME=me", "GIT_COMMITTER_EMAIL=me@example.org")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	git(t, "--git-dir", bare, "cat-file", "-e", "main:Pulumi.home.yaml")
}

// A refused plan is corrected by the command that is printed, from wherever init was run.
func TestCallOf_IsWhatAPersonCanType(t *testing.T) {
	dir := project(t, nil)
	if dir, _ = filepath.EvalSymlinks(dir); dir == "" {
		t.Fatal("no folder")
	}
	built := filepath.Join(dir, "out", "bin", "homeops")
	if got := callOf(built); got != "out/bin/homeops" {
		t.Errorf("built by make: %q", got)
	}
	elsewhere := filepath.Join(t.TempDir(), "homeops")
	if got := callOf(elsewhere); got != "homeops" {
		t.Errorf("without its source: %q", got)
	}
	mkdir(t, "cmd/homeops")
	if got := callOf(elsewhere); got != "go run ./cmd/homeops" {
		t.Errorf("run by Go: %q", got)
	}
	mkdir(t, "docs")
	t.Chdir("docs")
	if got := callOf(elsewhere); got != "go run ../cmd/homeops" {
		t.Errorf("run by Go from another folder: %q", got)
	}
	if err := os.WriteFile(elsewhere, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(elsewhere))
	if got := callOf(elsewhere); got != "homeops" {
		t.Errorf("on PATH: %q", got)
	}
}

func TestInit_ARefusedPlanIsCorrectedByTheCommandThatItPrints(t *testing.T) {
	project(t, nil)
	mkdir(t, "cmd/homeops")
	got := begin(t, rackOf(t), "", given("--pool=10.0.50.40-10.0.50.60")...)
	if want := "Correct what is wrong in\n  go run ./cmd/homeops init home --"; !strings.Contains(got.err, want) {
		t.Errorf("%q is missing in\n%s", want, got.err)
	}
}

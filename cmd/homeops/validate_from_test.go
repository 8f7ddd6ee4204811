package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const otherPods = `error network.podCIDRs: [10.42.0.0/16] cannot become [10.52.0.0/16]: the pod network of a running cluster stays as it was made; ` +
	"build a second cluster with it, and restore the backups there (Pulumi.home.yaml:"

// withPods is good with a pod network of its own.
func withPods(t *testing.T) string {
	return good(t, "home-ops:network:\n", "home-ops:network:\n    podCIDRs: [10.52.0.0/16]\n")
}

func TestValidate_JudgesTheStepFromAFile(t *testing.T) {
	dir := project(t, map[string]string{"home": withPods(t)})
	before := filepath.Join(dir, "before.yaml")
	write(t, before, good(t))
	got := homeops(t, "", "validate", "home", "--from", before)
	if got.code != exitProblem || !strings.HasPrefix(got.out, otherPods) {
		t.Errorf("got %+v", got)
	}
	if got := homeops(t, "", "validate", "home", "--from", "Pulumi.home.yaml"); got.code != exitOK || got.out != "" {
		t.Errorf("a step from itself: %+v", got)
	}
}

func TestValidate_JudgesTheStepFromACommit(t *testing.T) {
	dir := project(t, map[string]string{"home": good(t)})
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("init", "-q")
	git("add", ".")
	git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "-q", "-m", "before")
	write(t, filepath.Join(dir, "Pulumi.home.yaml"), withPods(t))
	write(t, filepath.Join(dir, "Pulumi.lab.yaml"), other(t))
	got := homeops(t, "", "validate", "--from", "HEAD")
	if got.code != exitProblem || !strings.HasPrefix(got.out, otherPods) || strings.Count(got.out, "\n") != 1 {
		t.Errorf("got %+v", got)
	}
	got = homeops(t, "", "validate", "--from", "no-such-commit")
	if want := "validate: --from no-such-commit is neither a file nor a commit"; got.code != exitUsage || !strings.Contains(got.err, want) {
		t.Errorf("got %+v, want %s", got, want)
	}
}

package main

import (
	"os"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec/spectest"
)

func TestFmt_PutsBackTheFormOfTheLastCommit(t *testing.T) {
	text, err := os.ReadFile(spectest.HomeFile(t))
	if err != nil {
		t.Fatal(err)
	}
	project(t, map[string]string{"home": string(text)})
	git(t, "init", "-q")
	git(t, "add", ".")
	git(t, "-c", "user.name=me", "-c", "user.email=me@example.com", "commit", "-qm", "first")
	if got := homeops(t, "", "fmt"); got != (outcome{}) {
		t.Errorf("nothing to do: %+v", got)
	}
	// As Pulumi leaves a file: no blank lines, no short lists.
	written := strings.ReplaceAll(strings.ReplaceAll(string(text), "\n\n", "\n"), "nodeCIDRs: [10.0.0.0/16]", "nodeCIDRs:\n      - 10.0.0.0/16")
	write(t, "Pulumi.home.yaml", strings.Replace(written, "domain: example.com", "domain: example.org", 1))
	if got := homeops(t, "", "fmt", "home"); got.code != exitOK || got.err != "Pulumi.home.yaml\n" {
		t.Errorf("%+v", got)
	}
	got, err := os.ReadFile("Pulumi.home.yaml")
	if want := strings.Replace(string(text), "domain: example.com", "domain: example.org", 1); err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestFmt_LeavesAFileThatNoCommitHas(t *testing.T) {
	project(t, nil)
	git(t, "init", "-q")
	git(t, "add", ".")
	git(t, "-c", "user.name=me", "-c", "user.email=me@example.com", "commit", "-qm", "first")
	write(t, "Pulumi.home.yaml", "config:\n  a:\n    - 1\n")
	if got := homeops(t, "", "fmt"); got != (outcome{}) {
		t.Errorf("%+v", got)
	}
	if got := homeops(t, "", "fmt", "-from", "nothing"); got.code != exitUsage || !strings.Contains(got.err, "fmt: -from nothing is no commit") {
		t.Errorf("%+v", got)
	}
}

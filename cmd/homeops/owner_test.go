package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// An owner takes the sample, gives it another name, domain, addresses and repository, and removes the other one.
func TestOwner_ASampleThatIsEditedAndRenamedIsSound(t *testing.T) {
	treeProject(t, "home")
	text, err := os.ReadFile("Pulumi.home.yaml")
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.NewReplacer(
		"name: home\n", "name: house\n", "example.com", "house.example.org", "10.0.", "10.77.", "kubernetes/clusters/home", "kubernetes/clusters/house",
		"github.com/home-ops/home-ops.git", "github.com/me/house.git",
	).Replace(string(text))
	if edited == string(text) {
		t.Fatal("nothing was edited")
	}
	write(t, "Pulumi.house.yaml", edited)
	if err := os.Remove("Pulumi.home.yaml"); err != nil {
		t.Fatal(err)
	}
	for _, words := range [][]string{{"tree", "house"}, {"validate"}, {"render", "house"}, {"pictures"}, {"validate", "house"}, {"versions", "house"}, {"endpoint", "house"}} {
		if got := homeops(t, "", words...); got.code != exitOK || strings.Contains(got.out, "docs/pictures") {
			t.Errorf("%s: exit %d\n%s%s", words, got.code, got.out, got.err)
		}
	}
	for _, file := range []string{"out/render/house/talos/cp-1.yaml", "docs/pictures/house/addresses.svg"} {
		content, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(content), "10.77.50.11") {
			t.Errorf("%s does not have the house's addresses: %v", file, err)
		}
	}
}

// The page for developers says how to begin an app: what it says is done here, and the result is sound.
func TestGuides_TheAppOfTheDevelopersPageIsSound(t *testing.T) {
	page, err := os.ReadFile("../../docs/developer.md")
	if err != nil {
		t.Fatal(err)
	}
	treeProject(t, "home")
	if got := homeops(t, "", "tree", "home"); got.code != exitOK {
		t.Fatal(got.err)
	}
	_, rest, found := strings.Cut(string(page), "```sh\ncp -r ")
	commands, _, closed := strings.Cut("cp -r "+rest, "```")
	if !found || !closed {
		t.Fatal("the page has no commands that begin an app")
	}
	if out, err := exec.Command("sh", "-ec", commands).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	list := filepath.Join("kubernetes", "clusters", "home", "kustomization.yaml")
	content, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	write(t, list, strings.Replace(string(content), "resources:\n", "resources:\n  - ../../apps/notes\n", 1))
	if got := homeops(t, "", "validate", "home"); got.code != exitOK {
		t.Errorf("exit %d\n%s", got.code, got.out)
	}
	// With the app's own mistake the same command is red: the sound one says something.
	write(t, list, strings.Replace(string(content), "resources:\n", "resources:\n  - ../../apps/notes-2\n", 1))
	if got := homeops(t, "", "validate", "home"); got.code != exitProblem {
		t.Errorf("an app that is not there: exit %d", got.code)
	}
}

package main

import (
	"strings"
	"testing"
)

// `pulumi new` gives the project its owner's name, and makes no Git repository.
func TestOwner_AProjectOfAnotherNameIsSound(t *testing.T) {
	treeProject(t)
	write(t, "Pulumi.yaml", "name: house\nruntime: go\n")
	if got := begin(t, rackOf(t), "", given("--pool=10.0.50.100-10.0.50.149")...); got.code != exitOK {
		t.Fatalf("got %+v", got)
	}
	for _, words := range [][]string{{"validate"}, {"validate", "home"}, {"render", "home"}, {"endpoint", "home"}, {"versions", "home"}, {"tree", "-show", "home"}, {"pictures"}} {
		if got := homeops(t, "", words...); got.code != exitOK {
			t.Errorf("%s: exit %d\n%s%s", words, got.code, got.out, got.err)
		}
	}
	// What Pulumi puts under the project's name, the program does not read.
	edited(t, "Pulumi.home.yaml", "  home-ops:flux:", "  house:githubToken: { secure: v1:bm9uY2U=:c2VhbGVk }\n  home-ops:flux:")
	edited(t, "Pulumi.home.yaml", "  home-ops:network:", "  network:")
	got := homeops(t, "", "validate")
	for _, want := range []string{
		"error house:githubToken: is house:githubToken for Pulumi, after the project's name in Pulumi.yaml; the program reads home-ops:githubToken, whatever the project is called: write that",
		"error network: is house:network for Pulumi, after the project's name in Pulumi.yaml; the program reads home-ops:network, whatever the project is called: write that",
	} {
		if !strings.Contains(got.out, want) {
			t.Errorf("%q is missing in\n%s", want, got.out)
		}
	}
	if got.code != exitProblem || strings.Count(got.out, "\nerror ")+1 != 2 {
		t.Errorf("other problems: exit %d\n%s", got.code, got.out)
	}
}

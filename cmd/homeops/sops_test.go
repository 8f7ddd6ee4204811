package main

import (
	"os"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/sopsconfig"
)

const (
	oldRecipient = "age1wprwcvxlkksh3wv90zmnj3e43fa7ak98lsphp5hsw5htjgm75amq4pq7ts"
	newRecipient = "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq"
)

// encrypted is a sound stack with SOPS for the recipients.
func encrypted(t *testing.T, recipients string) string {
	t.Helper()
	return good(t) + "  home-ops:secrets:\n    sops: { ageRecipients: [" + recipients + "], keyRef: \"config:sopsAgeKey\" }\n  home-ops:sopsAgeKey: { secure: v1:eA== }\n"
}

func TestSOPS_FollowsTheRecipientsOfTheStackFile(t *testing.T) {
	project(t, map[string]string{"home": encrypted(t, oldRecipient)})
	stale := "homeops: .sops.yaml is not current: run `homeops sops`, then `sops updatekeys` on each *.sops.yaml, and commit them\n"
	if got := homeops(t, "", "sops", "--check"); got.code != exitProblem || got.err != stale {
		t.Errorf("--check before: %+v", got)
	}
	for _, recipients := range []string{oldRecipient, oldRecipient + ", " + newRecipient, newRecipient} {
		write(t, "Pulumi.home.yaml", encrypted(t, recipients))
		for _, args := range [][]string{{"sops"}, {"sops", "--check"}} {
			if got := homeops(t, "", args...); got != (outcome{}) {
				t.Errorf("%v: %+v", args, got)
			}
		}
		content, err := os.ReadFile(sopsconfig.Path)
		if want := "age: " + strings.ReplaceAll(recipients, " ", "") + "\n"; err != nil || strings.Count(string(content), want) != 2 {
			t.Errorf("%v, want twice %s in\n%s", err, want, content)
		}
	}
}

func TestSOPS_LeavesSomebodyElsesFileAlone(t *testing.T) {
	project(t, map[string]string{"home": encrypted(t, oldRecipient)})
	write(t, sopsconfig.Path, "creation_rules: []\n")
	want := "homeops: .sops.yaml was not made by homeops, and is left alone: remove it, or keep the recipients in it yourself\n"
	if got := homeops(t, "", "sops"); got.code != exitProblem || got.err != want {
		t.Errorf("got %+v", got)
	}
	if content, _ := os.ReadFile(sopsconfig.Path); string(content) != "creation_rules: []\n" {
		t.Errorf("wrote %s", content)
	}
}

func TestSOPS_IsNothingToAProjectWithout(t *testing.T) {
	project(t, map[string]string{"home": good(t)})
	if got := homeops(t, "", "sops"); got != (outcome{}) {
		t.Errorf("got %+v", got)
	}
	if _, err := os.Stat(sopsconfig.Path); err == nil {
		t.Error("wrote a file")
	}
}

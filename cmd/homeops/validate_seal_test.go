package main

import (
	"os"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec/spectest"
)

func TestValidate_WarnsOfPlaceholdersAndAnEmptyPassphrase(t *testing.T) {
	content, err := os.ReadFile(spectest.LabFile(t))
	if err != nil {
		t.Fatal(err)
	}
	project(t, map[string]string{"lab": string(content)})
	got := homeops(t, "", "validate", "lab")
	for _, want := range []string{
		"warning encryptionsalt: the secrets are sealed with an empty passphrase, which `up` refuses: choose one with `pulumi stack change-secrets-provider passphrase --stack lab` (Pulumi.lab.yaml)\n",
		"warning home-ops:onepasswordToken: still holds \"replace-me\", as in the sample, which `up` refuses: set yours with `pulumi config set --stack lab --secret home-ops:onepasswordToken` (Pulumi.lab.yaml:",
	} {
		if got.code != exitOK || !strings.Contains(got.out, want) {
			t.Errorf("%q is missing in %+v", want, got)
		}
	}
}

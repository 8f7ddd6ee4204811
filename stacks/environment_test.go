package stacks

import (
	"os"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func shell(variables ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for i := 0; i < len(variables); i += 2 {
			if variables[i] == name {
				return variables[i+1], true
			}
		}
		return "", false
	}
}

func TestCheckEnvironment_NamesWhatAProviderWouldTakeAllAtOnce(t *testing.T) {
	err := checkEnvironment(spectest.Home(t), shell("CLOUDFLARE_API_KEY", "key", "GITHUB_OWNER", "somebody", "GITHUB_TOKEN", "token"))
	want := "CLOUDFLARE_API_KEY is set in this shell: Cloudflare's provider refuses it beside edge.cloudflare.apiTokenRef\n" +
		"GITHUB_OWNER is set in this shell: GitHub's provider takes it for the owner of flux.repository\n" +
		"run `make up STACK=home`, which leaves them out, or `env -u CLOUDFLARE_API_KEY -u GITHUB_OWNER pulumi ...`; nothing was touched"
	if err == nil || err.Error() != want {
		t.Errorf("error\n%v\nwant\n%s", err, want)
	}
}

func TestCheckEnvironment_LeavesAloneWhatReachesNobody(t *testing.T) {
	quiet := &spec.Stack{Name: "quiet"}
	quiet.Secrets.OnePassword = &spec.OnePassword{ServiceAccountTokenRef: "config:token"}
	for name, test := range map[string]struct {
		stack *spec.Stack
		env   func(string) (string, bool)
	}{
		"explicit arguments win":        {spectest.Home(t), shell("CLOUDFLARE_API_TOKEN", "x", "GITHUB_TOKEN", "x", "OP_SERVICE_ACCOUNT_TOKEN", "x")},
		"the owner is the stack's own":  {spectest.Home(t), shell("GITHUB_OWNER", "home-ops")},
		"an empty value is none":        {spectest.Home(t), shell("CLOUDFLARE_API_KEY", "")},
		"the stack has no such service": {quiet, shell("CLOUDFLARE_API_KEY", "x", "GITHUB_OWNER", "x")},
	} {
		if err := checkEnvironment(test.stack, test.env); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := checkEnvironment(quiet, shell("OP_CONNECT_HOST", "http://nas:8080")); err == nil {
		t.Error("a Connect server beside a service account is not refused")
	}
}

func TestMakefile_LeavesOutWhatProvidersWouldTake(t *testing.T) {
	text, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for line := range strings.Lines(string(text)) {
		if names, ok := strings.CutPrefix(line, "unexport "); ok {
			left = append(left, strings.Fields(names)...)
		}
	}
	service := spectest.Home(t)
	service.Secrets.OnePassword = &spec.OnePassword{ServiceAccountTokenRef: "config:token"}
	for name := range foreign(service) {
		if !strings.Contains(strings.Join(left, " ")+" ", name+" ") {
			t.Errorf("make hands %s on", name)
		}
	}
}

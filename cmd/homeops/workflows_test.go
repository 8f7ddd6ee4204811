package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

type workflow struct {
	Env  map[string]string
	Jobs map[string]struct {
		Env   map[string]string
		Steps []workflowStep
	}
}

type workflowStep struct {
	Name, Uses, Run string
	Env             map[string]string
}

// asksState reports whether a step reads the state or writes it.
func (s workflowStep) asksState() bool {
	return strings.HasPrefix(s.Uses, "pulumi/actions@") || strings.Contains(s.Run, "homeops state ") || strings.Contains(s.Run, "homeops breakglass ")
}

var workflowSecret = regexp.MustCompile(`secrets\.([A-Z_]+)`)

// A state in a bucket needs keys in each step that asks for it, and they are never those of the bucket of copies.
func TestWorkflows_HandEachStepTheKeysThatItNeeds(t *testing.T) {
	page, err := os.ReadFile("../../docs/pull-requests.md")
	if err != nil {
		t.Fatal(err)
	}
	state := map[string]string{
		"PULUMI_ACCESS_TOKEN": "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE": "PULUMI_CONFIG_PASSPHRASE",
		"AWS_ACCESS_KEY_ID": "STATE_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY": "STATE_SECRET_ACCESS_KEY",
	}
	copies := map[string]string{
		"BREAK_GLASS_ACCESS_KEY_ID": "BREAK_GLASS_ACCESS_KEY_ID", "BREAK_GLASS_SECRET_ACCESS_KEY": "BREAK_GLASS_SECRET_ACCESS_KEY",
	}
	for file, steps := range map[string]int{"preview.yaml": 1, "up.yaml": 3} {
		text, err := os.ReadFile(filepath.Join("..", "..", ".github", "workflows", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range workflowSecret.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(string(page), "`"+m[1]+"`") {
				t.Errorf("%s: docs/pull-requests.md does not say what the secret %s is", file, m[1])
			}
		}
		var w workflow
		if err := yaml.Unmarshal(text, &w); err != nil {
			t.Fatal(err)
		}
		found := 0
		for name, job := range w.Jobs {
			if strings.Contains(strings.Join(values(w.Env, job.Env), " "), "secrets.") {
				t.Errorf("%s: %s gives secrets to steps that need none", file, name)
			}
			for _, s := range job.Steps {
				want := map[string]string{}
				if s.asksState() {
					found++
					maps.Copy(want, state)
				}
				if strings.Contains(s.Run, "homeops state save") || strings.Contains(s.Run, "homeops breakglass save") {
					maps.Copy(want, copies)
				}
				for variable, secret := range want {
					if got := s.Env[variable]; got != "${{ secrets."+secret+" }}" {
						t.Errorf("%s: %s%s%s: %s is %q, not the secret %s", file, s.Name, s.Uses, s.Run, variable, got, secret)
					}
				}
				for variable, value := range s.Env {
					if _, wanted := want[variable]; !wanted && strings.Contains(value, "secrets.") {
						t.Errorf("%s: %s%s%s: has %s, and needs no secret for it", file, s.Name, s.Uses, s.Run, variable)
					}
				}
			}
		}
		if found != steps {
			t.Errorf("%s: %d steps ask for the state, want %d", file, found, steps)
		}
	}
}

func values(all ...map[string]string) []string {
	var out []string
	for _, m := range all {
		for _, v := range m {
			out = append(out, v)
		}
	}
	return out
}

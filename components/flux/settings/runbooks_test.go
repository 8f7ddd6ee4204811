package settings_test

import (
	"testing"

	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/spec"
)

func TestFor_LeadsToTheRunbooksOnTheGitServersPages(t *testing.T) {
	for name, test := range map[string]struct {
		flux spec.Flux
		want string
	}{
		"GitHub":                    {spec.Flux{Repository: "https://github.com/me/house.git", Branch: "main"}, "https://github.com/me/house/blob/main/docs/runbooks/alerts"},
		"GitHub over ssh":           {spec.Flux{Repository: "ssh://git@github.com/me/house.git", Branch: "live"}, "https://github.com/me/house/blob/live/docs/runbooks/alerts"},
		"GitLab":                    {spec.Flux{Repository: "https://gitlab.com/me/house", Branch: "main"}, "https://gitlab.com/me/house/-/blob/main/docs/runbooks/alerts"},
		"GitLab by its webhook":     {spec.Flux{Repository: "https://code.example.com/me/house.git", Branch: "main", Webhook: &spec.Webhook{Provider: "gitlab"}}, "https://code.example.com/me/house/-/blob/main/docs/runbooks/alerts"},
		"Forgejo":                   {spec.Flux{Repository: "https://codeberg.org/me/house.git", Branch: "main", Webhook: &spec.Webhook{Provider: "github"}}, "https://codeberg.org/me/house/src/branch/main/docs/runbooks/alerts"},
		"a port that is not for us": {spec.Flux{Repository: "ssh://git@git.example.com:2222/me/house.git", Branch: "main"}, "https://git.example.com/me/house/src/branch/main/docs/runbooks/alerts"},
		"an artifact":               {spec.Flux{Repository: "oci://ghcr.io/me/house", Branch: "main"}, "docs/runbooks/alerts"},
	} {
		if got := settings.For(&spec.Stack{Flux: test.flux})[settings.RunbooksURL]; got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

package outside

import "testing"

func TestDeployKey_WithTheTitleIsRemoved(t *testing.T) {
	for name, test := range map[string]struct {
		there, wantErr string
		removed, told  []string
	}{
		"ours": {
			`[{"id":1,"title":"flux home","key":"ssh-ed25519 OTHER"},{"id":2,"title":"flux home","key":"ssh-ed25519 AAAA"}]`, "",
			[]string{"/repos/me/tree/keys/2"},
			[]string{"deploy key 2 of me/tree was left, unknown to the state, by a run that has died; it is removed and made again"},
		},
		"registered by hand": {
			`[{"id":3,"title":"mine","key":"ssh-ed25519 AAAA"}]`,
			`the key is at me/tree already, under the title "mine", and this program calls it "flux home". ` +
				"To have it registered anew: gh repo deploy-key delete 3 --repo me/tree", nil, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := startFake(t, map[string]string{"GET /repos/me/tree/keys?page=1&per_page=100": test.there})
			in := wanted(map[string]any{"repository": "tree", "title": "flux home", "key": "ssh-ed25519 AAAA flux@home\n"})
			f.check(t, f.gitHub().deployKey(t.Context(), in, ""), test.wantErr, test.removed, test.told)
		})
	}
}

func TestRuleset_OfTheRepositoryItselfIsRemoved(t *testing.T) {
	f := startFake(t, map[string]string{
		"GET /repos/me/tree/rulesets?includes_parents=false&page=1&per_page=100": `[
			{"id":1,"name":"home-ops home","source":"Me/tree"},{"id":2,"name":"home-ops home","source":"me"},{"id":3,"name":"mine","source":"me/tree"}]`,
	})
	err := f.gitHub().ruleset(t.Context(), wanted(map[string]any{"repository": "tree", "name": "home-ops home"}), "")
	f.check(t, err, "", []string{"/repos/me/tree/rulesets/1"},
		[]string{"ruleset 1 of me/tree was left, unknown to the state, by a run that has died; it is removed and made again"})
}

package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/home-ops/home-ops/cmd/homeops/engine"
)

const before = `{"version":3,"deployment":{"manifest":{"time":"t"},"resources":[
	{"urn":"u::s","type":"talos:machine/secrets:Secrets","outputs":{"x":{"4dabf18193072939515e22adb298388d":"sealed"}}},
	{"urn":"u::a","type":"talos:machine/configurationApply:ConfigurationApply","parent":"u::t","dependencies":["u::s"]},
	{"urn":"u::k","type":"k","dependencies":["u::a","u::s"],"propertyDependencies":{"p":["u::a"],"q":["u::s"]},"deletedWith":"u::a"},
	{"urn":"u::p","type":"pulumi:providers:kubernetes"},
	{"urn":"u::o","type":"kubernetes:core/v1:Secret","provider":"u::p::id"}]}}`

func TestForget_LeavesAStateThatPulumiTakes(t *testing.T) {
	after, taken, err := engine.Forget([]byte(before), func(r engine.Resource) bool { return r.Name == "a" })
	if err != nil {
		t.Fatal(err)
	}
	if len(taken) != 1 || taken[0].URN != "u::a" {
		t.Errorf("took %v", taken)
	}
	want := strings.Replace(before, `	{"urn":"u::a","type":"talos:machine/configurationApply:ConfigurationApply","parent":"u::t","dependencies":["u::s"]},
`, "", 1)
	want = strings.Replace(want, `"dependencies":["u::a","u::s"],"propertyDependencies":{"p":["u::a"],"q":["u::s"]},"deletedWith":"u::a"`,
		`"dependencies":["u::s"],"propertyDependencies":{"p":[],"q":["u::s"]}`, 1)
	var got, wanted any
	if err := json.Unmarshal(after, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Error(diff)
	}
}

func TestForget_RefusesToLeaveAResourceWithoutItsProviderOrParent(t *testing.T) {
	for gone, want := range map[string]string{"p": "state: u::o: its provider u::p would be forgotten without it"} {
		_, _, err := engine.Forget([]byte(before), func(r engine.Resource) bool { return r.Name == gone })
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v", gone, err)
		}
	}
	child := strings.Replace(before, `"u::k","type":"k"`, `"u::k","type":"k","parent":"u::s"`, 1)
	_, _, err := engine.Forget([]byte(child), func(r engine.Resource) bool { return r.Name == "s" })
	if want := "state: u::k: its parent u::s would be forgotten without it"; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

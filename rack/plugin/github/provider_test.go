package github_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"

	fake "github.com/home-ops/home-ops/rack/github"
)

func TestProvider_MakesFindsAndDeletesEachKind(t *testing.T) {
	for kind, given := range inputs {
		t.Run(kind, func(t *testing.T) {
			p := start(t)
			id, state, err := p.create(kind)
			if err != nil {
				t.Fatal(err)
			}
			for key, want := range given {
				if !reflect.DeepEqual(state[key], want) {
					t.Errorf("%s is %v, want %v", key, state[key], want)
				}
			}
			found, err := p.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(kind), Id: id, Properties: p.wire(state)})
			if err != nil || found.GetId() != id {
				t.Fatalf("found %v, error %v", found, err)
			}
			if got := p.values(found.GetInputs()); !reflect.DeepEqual(got, given) {
				t.Errorf("drift where there is none: %v, want %v", got, given)
			}
			if _, err := p.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: urn(kind), Id: id, Properties: p.wire(state)}); err != nil {
				t.Fatal(err)
			}
			if p.things() != 0 {
				t.Errorf("%d things are left", p.things())
			}
			found, err = p.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(kind), Id: id, Properties: p.wire(state)})
			if err != nil || found.GetId() != "" {
				t.Errorf("found %v, error %v, after it was deleted", found, err)
			}
		})
	}
}

func TestProvider_TouchesNothingInAPreview(t *testing.T) {
	p := start(t)
	for kind, given := range inputs {
		made, err := p.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn(kind), Properties: p.wire(given), Preview: true})
		if err != nil || made.GetId() != "" {
			t.Errorf("%s: %v, error %v", kind, made, err)
		}
	}
	if p.changes() > 0 {
		t.Errorf("calls %v", p.Calls())
	}
}

// changed are a kind's inputs with one of them changed.
func changed(kind, key string, value any) map[string]any {
	out := maps.Clone(inputs[kind])
	out[key] = value
	return out
}

func TestProvider_TellsWhatAChangeDoes(t *testing.T) {
	p := start(t)
	for name, test := range map[string]struct {
		kind            string
		news            map[string]any
		diffs, replaces []string
	}{
		"nothing":          {hookType, inputs[hookType], nil, nil},
		"another key":      {keyType, changed(keyType, "key", "ssh-ed25519 BBBB"), []string{"key"}, []string{"key"}},
		"other events":     {hookType, changed(hookType, "events", []any{"*"}), []string{"events"}, nil},
		"other repository": {hookType, changed(hookType, "repository", "x"), []string{"repository"}, []string{"repository"}},
		"other rules":      {rulesetType, changed(rulesetType, "rules", map[string]any{"deletion": true}), []string{"rules"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := p.Diff(t.Context(), &pulumirpc.DiffRequest{
				Urn: urn(test.kind), OldInputs: p.wire(inputs[test.kind]), News: p.wire(test.news),
			})
			if err != nil || !slices.Equal(got.GetDiffs(), test.diffs) || !slices.Equal(got.GetReplaces(), test.replaces) {
				t.Errorf("%v, error %v", got, err)
			}
		})
	}
}

func TestProvider_ChangesInPlace(t *testing.T) {
	p := start(t)
	id, _, err := p.create(hookType)
	if err != nil {
		t.Fatal(err)
	}
	news := changed(hookType, "events", []any{"*"})
	if _, err := p.Update(t.Context(), &pulumirpc.UpdateRequest{Urn: urn(hookType), Id: id, News: p.wire(news)}); err != nil {
		t.Fatal(err)
	}
	if got := p.Hooks(repo); len(got) != 1 || got[0].Events[0] != "*" || got[0].Secret != "s3cret" {
		t.Errorf("hooks %+v", got)
	}
}

func TestProvider_SeesWhatSomebodyElseChanged(t *testing.T) {
	p := start(t)
	id, state, err := p.create(hookType)
	if err != nil {
		t.Fatal(err)
	}
	state["active"] = false // what the state says is no more what GitHub says
	found, err := p.Read(t.Context(), &pulumirpc.ReadRequest{Urn: urn(hookType), Id: id, Properties: p.wire(state)})
	if err != nil || p.values(found.GetInputs())["active"] != true {
		t.Errorf("%v, error %v", found, err)
	}
}

func TestProvider_RepeatsWhatAServersErrorAnswered(t *testing.T) {
	p := start(t)
	p.Fail(fake.Fault{Trouble: fake.ServerError, Method: "POST"})
	p.Fail(fake.Fault{Trouble: fake.SecondaryRateLimit, Method: "POST"})
	if _, _, err := p.create(hookType); err != nil || p.things() != 1 {
		t.Errorf("%d things, error %v", p.things(), err)
	}
}

func TestProvider_NeverMakesAThingTwice(t *testing.T) {
	for kind, want := range map[string]string{
		keyType: "key is already in use", hookType: "Hook already exists on this repository", rulesetType: "Name must be unique",
	} {
		t.Run(kind, func(t *testing.T) {
			p := start(t)
			p.Fail(fake.Fault{Trouble: fake.LostAnswer, Method: "POST"})
			_, _, err := p.create(kind)
			if err == nil || !strings.Contains(err.Error(), ": 422 Validation Failed [{Resource:") || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %s", err, want)
			}
			if p.things() != 1 {
				t.Errorf("%d things", p.things())
			}
		})
	}
}

func TestProvider_TellsThatItsTokenIsWorthless(t *testing.T) {
	p := start(t)
	p.Revoke(token)
	if _, _, err := p.create(hookType); err == nil || !strings.Contains(err.Error(), ": 401 Bad credentials []") {
		t.Errorf("error %v", err)
	}
}

func TestProvider_RefusesWhatItDoesNotKnow(t *testing.T) {
	p := start(t)
	const other = "github:index/repository:Repository"
	for name, test := range map[string]struct {
		kind   string
		inputs map[string]any
		want   string
	}{
		"a resource": {other, nil, "resource " + other},
		"a rule": {
			rulesetType, changed(rulesetType, "rules", map[string]any{"mergeQueue": map[string]any{}}),
			"rules.mergeQueue of a ruleset",
		},
		"an actor": {rulesetType, changed(rulesetType, "bypassActors", []any{}), "bypassActors of a ruleset"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn(test.kind), News: p.wire(test.inputs)})
			want := "stand-in github plugin does not implement " + test.want + "; use the genuine plugin (make rehearse PLUGINS=DIR)"
			if status.Convert(err).Message() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
}

func TestProvider_ChecksInputs(t *testing.T) {
	p := start(t)
	given := map[string]any{"repository": "home-ops", "title": "flux", "titel": "x"}
	got, err := p.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn(keyType), News: p.wire(given)})
	if err != nil {
		t.Fatal(err)
	}
	var failures []string
	for _, failure := range got.GetFailures() {
		failures = append(failures, failure.GetProperty()+": "+failure.GetReason())
	}
	want := []string{"key: Missing required property 'key'", "titel: an unexpected argument was provided"}
	if !slices.Equal(failures, want) {
		t.Errorf("%q, want %q", failures, want)
	}
	if p.values(got.GetInputs())["readOnly"] != true {
		t.Errorf("no default in %v", got.GetInputs())
	}
}

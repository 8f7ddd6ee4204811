package rehearsal

import (
	"net/http"
	"reflect"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/home-ops/home-ops/rack/cloudflare"
	"github.com/home-ops/home-ops/spec"
)

func TestFaults_StrikeEveryServiceThatTheStackUses(t *testing.T) {
	for name, want := range map[string][]string{
		"home": {
			"GitHub answers 500 to the ruleset, and Cloudflare is in trouble",
			"GitHub's answer to the ruleset is lost, and Cloudflare is in trouble",
			"Cloudflare's token is revoked",
			"Cloudflare's answer to the tunnel is lost",
			"Cloudflare does not say which zone it is",
			"Cloudflare answers 500 to the record",
			"Cloudflare's answer to the record is lost",
			"Cloudflare does not answer",
			"GitHub limits the webhook, and then its token is revoked",
			"GitHub's answer to the webhook is lost",
		},
		"lab": {
			"1Password's token is revoked",
			"1Password answers 500",
			"1Password does not answer",
			"1Password's answer to the item is lost, and Cloudflare is in trouble",
			"Cloudflare's token is revoked",
			"Cloudflare's answer to the tunnel is lost",
			"Cloudflare does not say which zone it is",
			"Cloudflare answers 500 to the record",
			"Cloudflare's answer to the record is lost",
			"Cloudflare does not answer",
			"GitHub limits the webhook, and then its token is revoked",
			"GitHub's answer to the webhook is lost",
		},
	} {
		stack, problems := spec.LoadFile("../../spec/spectest/testdata/Pulumi." + name + ".yaml")
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		w := &world{stack: stack, secrets: &secrets{}, services: map[string]http.Handler{}}
		if err := w.playEdge(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, fault := range append(w.faults(), w.webhookFaults()...) {
			got = append(got, fault.name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestMade_IsOneThatWasMadeByOneCall(t *testing.T) {
	calls := []cloudflare.Call{
		{Method: "POST", Path: "/accounts/a/cfd_tunnel", Status: 429},
		{Method: "GET", Path: "/accounts/a/cfd_tunnel", Status: 200},
		{Method: "POST", Path: "/accounts/a/cfd_tunnel", Status: 200},
		{Method: "POST", Path: "/accounts/a/cfd_tunnel/b", Status: 200},
	}
	once := answers(calls, "POST", "/cfd_tunnel")
	if want := []int{429, 200}; !slices.Equal(once, want) {
		t.Errorf("answers %v, want %v", once, want)
	}
	lost := []int{502, 409, 200}
	for want, m := range map[bool][]made{
		true: {{have: 1, want: 1, answers: once}, {have: 1, want: 1, answers: lost, removed: 1}},
		false: {
			{have: 0, want: 1, answers: once},
			{have: 2, want: 1, answers: once},
			{have: 1, want: 1, answers: []int{200, 201}},
			{have: 1, want: 1, answers: lost},
			{have: 1, want: 1, answers: once, removed: 1},
		},
	} {
		for _, m := range m {
			if m.asWanted() != want {
				t.Errorf("%+v: %t, want %t", m, !want, want)
			}
		}
	}
}

func TestMade_IsThereAsOftenAsItShouldBe(t *testing.T) {
	for have, want := range []bool{false, true, false} {
		if m := (made{have: have, want: 1, answers: []int{200, 200}, removed: 1}); m.asOften() != want {
			t.Errorf("%s: %t, want %t", m, !want, want)
		}
	}
}

func TestMade_CountsWhatWasRemoved(t *testing.T) {
	m := of([]cloudflare.Call{
		{Method: "POST", Path: "/accounts/a/cfd_tunnel", Status: 502},
		{Method: "DELETE", Path: "/accounts/a/cfd_tunnel/b", Status: 200},
		{Method: "DELETE", Path: "/accounts/a/cfd_tunnel/b/connections", Status: 200},
		{Method: "DELETE", Path: "/accounts/a/cfd_tunnel/b", Status: 404},
	}, "/cfd_tunnel", made{})
	if m.removed != 1 || !slices.Equal(m.answers, []int{502}) {
		t.Errorf("%s", m)
	}
}

func TestAppendComplaint_NamesTheResourceOfEachLine(t *testing.T) {
	said := appendComplaint(nil, apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{
		Severity: "error", URN: "urn:pulumi:home::home-ops::cloudflare:index/record:Record::edge-external-record", Message: "error: one\n\n  two\n",
	}})
	said = appendComplaint(said, apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Severity: "warning", Message: "three"}})
	said = appendComplaint(said, apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Severity: "error", Message: "four"}})
	if want := []string{"edge-external-record: one", "edge-external-record: two", "four"}; !reflect.DeepEqual(said, want) {
		t.Errorf("%q, want %q", said, want)
	}
}

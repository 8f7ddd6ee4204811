package rehearsal

import (
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/home-ops/home-ops/spec"
)

func begins(op apitype.OpType, kind string) apitype.EngineEvent {
	return apitype.EngineEvent{ResourcePreEvent: &apitype.ResourcePreEvent{Metadata: apitype.StepEventMetadata{Op: op, Type: kind}}}
}

func TestMoments_AreTheBeginAndTheEndOfEachKindOfStepOnce(t *testing.T) {
	var got []moment
	collect := moments(&got)
	for _, e := range []apitype.EngineEvent{
		begins(apitype.OpCreate, "pulumi:pulumi:Stack"),
		begins(apitype.OpCreate, "homeops:index:TalosCluster"),
		begins(apitype.OpCreate, "kubernetes:core/v1:Secret"),
		begins(apitype.OpCreate, "kubernetes:core/v1:Secret"),
		begins(apitype.OpSame, "kubernetes:core/v1:ConfigMap"),
		begins(apitype.OpUpdate, "kubernetes:core/v1:Secret"),
		begins(apitype.OpCreate, "github:index/repositoryWebhook:RepositoryWebhook"),
		{DiagnosticEvent: &apitype.DiagnosticEvent{}},
	} {
		collect(e)
	}
	want := []moment{
		{apitype.OpCreate, "kubernetes:core/v1:Secret", false},
		{apitype.OpCreate, "kubernetes:core/v1:Secret", true},
		{apitype.OpUpdate, "kubernetes:core/v1:Secret", false},
		{apitype.OpUpdate, "kubernetes:core/v1:Secret", true},
		{apitype.OpCreate, "github:index/repositoryWebhook:RepositoryWebhook", false},
		{apitype.OpCreate, "github:index/repositoryWebhook:RepositoryWebhook", true},
	}
	if !slices.Equal(got, want) {
		t.Errorf("moments %v, want %v", got, want)
	}
}

func TestSample_ReachesFromTheFirstToTheLast(t *testing.T) {
	all := make([]moment, 50)
	for i := range all {
		all[i].kind = string(rune('A' + i))
	}
	got := sample(all)
	if len(got) != 8 || got[0] != all[0] || got[7] != all[49] || got[1] != all[7] {
		t.Errorf("chosen %v", got)
	}
	if got := sample(all[:3]); len(got) != 3 {
		t.Errorf("of three, %d are chosen", len(got))
	}
}

func TestLeastEnded_IsAThirdAndTwoAtLeastOrNineOfTen(t *testing.T) {
	for all, want := range map[int]struct{ beside, serial int }{0: {0, 0}, 1: {1, 1}, 2: {2, 2}, 6: {2, 6}, 8: {2, 8}, 100: {33, 90}} {
		if got := leastEnded(all, false); got != want.beside {
			t.Errorf("of %d side by side: %d, want %d", all, got, want.beside)
		}
		if got := leastEnded(all, true); got != want.serial {
			t.Errorf("of %d one after the other: %d, want %d", all, got, want.serial)
		}
	}
}

func TestToldOf_IsALineOfANode(t *testing.T) {
	nodes := []spec.Node{{Name: "cp-1"}}
	for message, want := range map[string]bool{
		"<{%reset%}>cp-1: is upgraded and reboots<{%reset%}>\n": true,
		"roll, one node at a time: 1. cp-1 reboots":             false,
		"cp-10: waits": false,
	} {
		line, ok := toldOf(apitype.EngineEvent{DiagnosticEvent: &apitype.DiagnosticEvent{Message: message}}, nodes)
		if ok != want || ok && line != "cp-1: is upgraded and reboots" {
			t.Errorf("%q: %q, %v", message, line, ok)
		}
	}
	if _, ok := toldOf(apitype.EngineEvent{}, nodes); ok {
		t.Error("an event without a message is a line")
	}
}

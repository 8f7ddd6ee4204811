package objects_test

import (
	"testing"

	"github.com/home-ops/home-ops/components/flux/objects"
	"github.com/home-ops/home-ops/spec"
)

// The path is what notification-controller computes, here by sha256sum.
func TestWebhookURL_IsWhereFluxListens(t *testing.T) {
	const want = "https://hook.example.com/hook/160a0a4e44c1274abc889eb8306c210a2dccabe7b770309a598a154133d20f6a"
	if got := objects.WebhookURL("hook.example.com", "token"); got != want {
		t.Errorf("is %s, want %s", got, want)
	}
}

func TestRoute_LeadsThroughTheHomesOwnGatewayWithoutAWayInFromOutside(t *testing.T) {
	stack := &spec.Stack{Flux: spec.Flux{Webhook: &spec.Webhook{Host: "hook.example.com"}}}
	for exposure, want := range map[spec.Exposure]string{
		spec.ExposureTunnel: "external", spec.ExposureDirect: "external", spec.ExposureNone: "internal",
	} {
		stack.Edge.Exposure = exposure
		if got := objects.Route(stack).Spec.ParentRefs[0].Name; string(got) != want {
			t.Errorf("%s: through %s, want %s", exposure, got, want)
		}
	}
}

func TestReceiver_KnowsTheEventsOfEachGitServer(t *testing.T) {
	for _, provider := range spec.WebhookProvider("").Values() {
		got := objects.Receiver(&spec.Webhook{Provider: spec.WebhookProvider(provider)})
		if named := provider != "generic-hmac"; got.Spec.Type != provider || named != (len(got.Spec.Events) > 0) {
			t.Errorf("%s: %+v", provider, got.Spec)
		}
	}
}

package flux_test

import (
	"regexp"
	"slices"
	"testing"

	notificationv1 "github.com/fluxcd/notification-controller/api/v1"
	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gateway "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/home-ops/home-ops/components/flux"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestPlan_MatchesTheGoldens(t *testing.T) {
	for _, stack := range append(stacks(t), artifact(t)) {
		golden.Plan(t, "plan/"+stack.Name+".yaml", planOf(t, stack))
	}
}

func planOf(t *testing.T, stack *spec.Stack) plan.Steps {
	t.Helper()
	steps, err := flux.Plan(stack)
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

// step is the step of that name; without it the test ends.
func step(t *testing.T, steps plan.Steps, name string) plan.Step {
	t.Helper()
	i := slices.IndexFunc(steps, func(s plan.Step) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("the plan has no step %s", name)
	}
	return steps[i]
}

func TestPlan_LetsTheOperatorStartWhileOthersComeUp(t *testing.T) {
	steps := planOf(t, private(t))
	if got := step(t, steps, "operator").Needs; !slices.Equal(got, []plan.Condition{plan.Network}) {
		t.Errorf("the operator needs %v", got)
	}
	instance := step(t, steps, "instance").Needs
	for _, need := range []plan.Condition{plan.Network, plan.GatewayAPI, plan.Gateways, plan.SecretStore, plan.Repository} {
		if !slices.Contains(instance, need) {
			t.Errorf("Flux itself does not need %s", need)
		}
	}
}

func TestPlan_RoutesPushEventsByTheInternalGatewayIfNothingIsExposed(t *testing.T) {
	stack := spectest.Home(t)
	for exposure, want := range map[spec.Exposure]gateway.ObjectName{
		spec.ExposureTunnel: "external", spec.ExposureDirect: "external", spec.ExposureNone: "internal",
	} {
		stack.Edge.Exposure = exposure
		route := step(t, planOf(t, stack), "webhook-route").Object.(*gateway.HTTPRoute)
		if got := route.Spec.ParentRefs[0].Name; got != want {
			t.Errorf("%s: by %s, want %s", exposure, got, want)
		}
	}
}

func TestPlan_ReceivesTheEventsOfEachGitServer(t *testing.T) {
	stack := spectest.Home(t)
	for _, provider := range spec.WebhookProvider("").Values() {
		stack.Flux.Webhook.Provider = spec.WebhookProvider(provider)
		receiver := step(t, planOf(t, stack), "receiver").Object.(*notificationv1.Receiver)
		// The generic form has no names of events.
		if names := provider != "generic-hmac"; receiver.Spec.Type != provider || names != (len(receiver.Spec.Events) > 0) {
			t.Errorf("%s: %+v", provider, receiver.Spec)
		}
	}
}

func TestPlan_HasNothingForWhatTheStackDoesNotHave(t *testing.T) {
	stack := spectest.Home(t)
	stack.Flux.Webhook, stack.Flux.GitHub, stack.Secrets.SOPS = nil, nil, nil
	var got []string
	for _, s := range planOf(t, stack) {
		got = append(got, s.Name)
	}
	if want := []string{"namespace", "policy", "settings", "secrets", "operator", "instance"}; !slices.Equal(got, want) {
		t.Errorf("has %v, want %v", got, want)
	}
}

func TestSettingsConfigMap_IsTheOneOfThePlan(t *testing.T) {
	stack := spectest.Lab(t)
	if diff := cmp.Diff(step(t, planOf(t, stack), "settings").Object, any(flux.SettingsConfigMap(stack))); diff != "" {
		t.Errorf("the plan has another (-plan +function):\n%s", diff)
	}
}

// A Flux that does not watch the settings is asked to apply everything when one of them changes, and only then.
func TestInstanceValues_AskAnOlderFluxToApplyAChangedSetting(t *testing.T) {
	asked := func(version spec.Version, pool string) string {
		stack := spectest.Home(t)
		stack.Versions.Flux = version
		stack.Cluster.Domain = pool
		values, err := flux.InstanceValues(stack)
		if err != nil {
			t.Fatal(err)
		}
		patches, _, _ := unstructured.NestedSlice(values, "instance", "kustomize", "patches")
		root, _ := patches[0].(map[string]any)["patch"].(string)
		found := regexp.MustCompile(`reconcile.fluxcd.io/requestedAt\W+([\w-]+)`).FindAllStringSubmatch(root, -1)
		if len(found) == 0 {
			return ""
		}
		if len(found) != 2 || found[0][1] != found[1][1] {
			t.Fatalf("root and children are asked for different settings: %v", found)
		}
		return found[0][1]
	}
	before, again, after := asked("v2.6.4", "example.com"), asked("v2.6.4", "example.com"), asked("v2.6.4", "example.org")
	if before == "" || before != again || before == after {
		t.Errorf("asked %q, again %q, with another domain %q", before, again, after)
	}
	if got := asked("v2.7.0", "example.com"); got != "" {
		t.Errorf("Flux v2.7 watches the settings itself, and is asked %q", got)
	}
}

package cilium

import (
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/components/cilium/gatewayapi"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// registry is where Cilium's chart is.
const registry = "oci://quay.io/cilium/charts"

// releaseTimeout is how long Cilium may take to run on every node: pulling its images
// over a home's line is what takes time.
const releaseTimeout = 10 * time.Minute

// Names of steps.
const (
	stepGatewayAPI = "gateway-api"
	stepRelease    = "release"
)

// Plan is the network of a stack: the kinds of the Gateway API, Cilium, and what Cilium
// is configured with. It is an error when the two ends of a BGP session could not agree.
func Plan(stack *spec.Stack) (plan.Steps, error) {
	sessions, err := bgp.New(stack)
	if err != nil {
		return nil, fmt.Errorf("cilium: %w", err)
	}
	values, err := releaseValues(stack, sessions)
	if err != nil {
		return nil, fmt.Errorf("cilium: %w", err)
	}
	release := plan.Step{Name: stepRelease, Release: &plan.Release{
		Name:      "cilium",
		Namespace: metav1.NamespaceSystem,
		Chart:     plan.Chart{Registry: registry, Name: "cilium", Version: string(stack.Versions.Cilium)},
		Values:    values,
		Timeout:   releaseTimeout,
	}}
	var steps plan.Steps
	if stack.Cilium.GatewayAPI.Enabled {
		// Cilium's operator looks for the kinds once, when it starts, and without them does
		// not serve gateways at all.
		steps = append(steps, gatewayKinds(stack))
		release.After = []string{stepGatewayAPI}
	}
	steps = append(steps, release)
	steps = append(steps, passwords(sessions)...)
	steps = append(steps, loadBalancerSteps(stack, sessions)...)
	for _, policy := range policies(stack) {
		steps = append(steps, configure("policy-"+policy.Name, policy))
	}
	for _, policy := range hubblePolicies(stack) {
		steps = append(steps, configure("policy-"+policy.Name, policy))
	}
	return steps, steps.Check()
}

// gatewayKinds are the kinds of the Gateway API, in the release that the stack wants.
func gatewayKinds(stack *spec.Stack) plan.Step {
	return plan.Step{Name: stepGatewayAPI, Download: &plan.Download{
		URL:    gatewayapi.URL(stack.Versions.GatewayAPI, stack.Cilium.GatewayAPI.Channel),
		Groups: gatewayapi.Groups(),
	}}
}

// kindSteps are the kinds of a release of the Gateway API. They outlive the stack's use
// of them, because a kind takes every object of it along.
//
// The admission policy that a release may bring with them is left out. It refuses an
// older release, and the experimental channel after the standard one, while Pulumi
// changes the kinds before it deletes anything: version and channel could never be set
// back. What may be set back is judged from the stack file, before anything is applied
// (https://github.com/kubernetes-sigs/gateway-api/blob/v1.5.0/config/crd/standard/gateway.networking.k8s.io_vap_safeupgrades.yaml).
func kindSteps(release []gatewayapi.Object) plan.Steps {
	var steps plan.Steps
	for _, object := range release {
		if object["kind"] != "CustomResourceDefinition" {
			continue
		}
		name, _, _ := strings.Cut(object.Name(), ".")
		steps = append(steps, plan.Step{Name: stepGatewayAPI + "-" + name, Object: object, Keep: plan.Retain})
	}
	return steps
}

// passwords are Secrets that Cilium reads by the name that the peer's config has.
// They need nothing but the API.
func passwords(sessions *bgp.Plan) plan.Steps {
	if sessions == nil {
		return nil
	}
	var steps plan.Steps
	for _, session := range sessions.Sessions {
		if session.PasswordRef == "" {
			continue
		}
		steps = append(steps, plan.Step{
			Name: "bgp-password-" + session.Name,
			Object: &corev1.Secret{
				TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
				ObjectMeta: metav1.ObjectMeta{Name: passwordSecret(session), Namespace: metav1.NamespaceSystem},
			},
			From: []plan.From{{Path: []string{"stringData", "password"}, Value: passwordValue(session.PasswordRef)}},
		})
	}
	return steps
}

// passwordValue is the name of the late value that is a session's password.
func passwordValue(ref spec.SecretRef) string { return "bgp-password " + string(ref) }

// loadBalancerSteps are the addresses of Services, and how the home network finds them.
func loadBalancerSteps(stack *spec.Stack, sessions *bgp.Plan) plan.Steps {
	var steps plan.Steps
	for _, pool := range pools(stack) {
		steps = append(steps, configure("pool-"+pool.Name, pool))
	}
	if policy := l2Policy(stack); policy != nil {
		steps = append(steps, configure("l2", policy))
	}
	end := bgpObjects(stack, sessions)
	if end == nil {
		return steps
	}
	for _, advertisement := range end.Advertisements {
		// That of all sessions is "bgp", one of a peer's own is "bgp-PEER".
		step := "bgp-advertisement" + strings.TrimPrefix(advertisement.Name, "bgp")
		steps = append(steps, configure(step, advertisement))
	}
	for _, config := range end.PeerConfigs {
		steps = append(steps, configure("bgp-peer-"+config.Name, config))
	}
	for _, override := range end.Overrides {
		steps = append(steps, configure("bgp-override-"+override.Name, override))
	}
	for _, cluster := range end.Clusters {
		steps = append(steps, configure("bgp-nodes-"+cluster.Name, cluster))
	}
	return steps
}

// configure comes after the release: Cilium's operator installs the kinds when it
// starts.
func configure(name string, object any) plan.Step {
	return plan.Step{Name: name, Object: object, After: []string{stepRelease}}
}

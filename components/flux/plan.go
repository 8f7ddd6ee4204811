package flux

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// namespace is where Flux lives, by its operator's and everybody's convention. The
// operator gives the same name to the GitRepository and to the root Kustomization.
const namespace = "flux-system"

// registry is where the charts of the operator and of its instance are.
const registry = "oci://ghcr.io/controlplaneio-fluxcd/charts"

// operatorTimeout is how long the operator may take to run.
const operatorTimeout = 5 * time.Minute

// Names of steps.
const (
	stepNamespace      = "namespace"
	stepPolicy         = "policy"
	stepSettings       = "settings"
	stepSecrets        = "secrets"
	stepSops           = "sops"
	stepGit            = "git"
	stepOperator       = "operator"
	stepInstance       = "instance"
	stepWebhookToken   = "webhook-token"
	stepReceiver       = "receiver"
	stepWebhookPolicy  = "webhook-policy"
	stepWebhookRoute   = "webhook-route"
	stepStatusToken    = "status-token"
	stepStatusProvider = "status-provider"
	stepStatusAlert    = "status-alert"
)

// Plan is Flux of a stack: its namespace, what it reads as soon as it starts, its
// operator, Flux itself, the receiver of push events, and the commit statuses at GitHub.
func Plan(stack *spec.Stack) (plan.Steps, error) {
	before := settingsSteps(stack)
	before = append(before, gitSteps(stack)...)
	instance, err := instanceStep(stack, before)
	if err != nil {
		return nil, fmt.Errorf("flux: %w", err)
	}
	steps := plan.Steps{
		{Name: stepNamespace, Object: fluxNamespace()},
		{Name: stepPolicy, Object: policy(), After: []string{stepNamespace}, Needs: []plan.Condition{plan.Network}},
	}
	steps = append(steps, before...)
	steps = append(steps, operatorStep(stack), instance)
	steps = append(steps, webhookSteps(stack)...)
	steps = append(steps, statusSteps(stack)...)
	return steps, steps.Check()
}

// fluxNamespace is Flux's namespace. The operator adds labels of its own, and owns
// pod-security.kubernetes.io/warn (https://fluxoperator.dev/docs/crd/fluxinstance/).
func fluxNamespace() *corev1.Namespace {
	return &corev1.Namespace{
		TypeMeta: kind("v1", "Namespace"),
		ObjectMeta: metav1.ObjectMeta{Name: namespace, Labels: map[string]string{
			"pod-security.kubernetes.io/enforce": "restricted",
			// Its controllers reach the internet and a Git server in the home; policies.go has its policies.
			labels.NetworkPolicy: labels.NetworkPolicyOwn,
			// The receiver's route attaches to the external gateway.
			labels.ExternalGateway: "true",
		}},
	}
}

// operatorStep is the operator, which brings the kind FluxInstance. It waits for the
// network alone: while gateways and the secret store come up, its image is pulled.
func operatorStep(stack *spec.Stack) plan.Step {
	return plan.Step{
		Name: stepOperator,
		Release: &plan.Release{
			Name:      "flux-operator",
			Namespace: namespace,
			Chart:     chart("flux-operator", stack.Versions.FluxOperator),
			// Newer charts serve a page that asks nobody who they are
			// (https://fluxoperator.dev/docs/web-ui/).
			Values:  map[string]any{"web": map[string]any{"enabled": false}},
			Timeout: operatorTimeout,
		},
		After: []string{stepNamespace},
		Needs: []plan.Condition{plan.Network},
	}
}

// instanceStep is Flux itself. The chart's health check ends when the operator reports
// that Flux runs, so that Flux's kinds exist for what comes after it.
//
// It comes after everything that Flux looks for at once, because what it does not find it
// looks for again only at its next interval: the Secrets and settings of the steps
// before it, the deploy key at the Git server, and the gateways and the secret store,
// which the tree builds on.
func instanceStep(stack *spec.Stack, before plan.Steps) (plan.Step, error) {
	values, err := InstanceValues(stack)
	if err != nil {
		return plan.Step{}, err
	}
	// Without its own policies it must not be when this one is not there.
	after := []string{stepOperator, stepPolicy}
	for _, step := range before {
		after = append(after, step.Name)
	}
	return plan.Step{
		Name: stepInstance,
		Release: &plan.Release{
			Name:      "flux-instance",
			Namespace: namespace,
			Chart:     chart("flux-instance", stack.Versions.FluxInstance),
			Values:    values,
			// When the health check runs out of time first, its error says more than Helm's.
			Timeout: healthCheckTimeout + time.Minute,
		},
		After: after,
		Needs: []plan.Condition{plan.Network, plan.GatewayAPI, plan.Gateways, plan.SecretStore, plan.Repository},
	}, nil
}

func chart(name string, version spec.Version) plan.Chart {
	return plan.Chart{Registry: registry, Name: name, Version: string(version)}
}

// secretStep is a Secret in Flux's namespace: data that anyone may see, and late values.
func secretStep(step, name string, data map[string]string, late ...plan.From) plan.Step {
	return plan.Step{
		Name:   step,
		Object: &corev1.Secret{TypeMeta: kind("v1", "Secret"), ObjectMeta: named(name), StringData: data},
		From:   late,
		After:  []string{stepNamespace},
	}
}

// key puts a late value under a key of a Secret.
func key(key, value string) plan.From {
	return plan.From{Path: []string{"stringData", key}, Value: value}
}

func named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: namespace}
}

func kind(apiVersion, kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}
}

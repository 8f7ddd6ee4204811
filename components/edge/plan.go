package edge

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// releaseTimeout is how long the workloads of a chart may take to become ready: pulling
// their images over a home's line is what takes time.
const releaseTimeout = 10 * time.Minute

// Names of steps that others refer to.
const (
	stepNetworkNamespace     = "namespace-" + Namespace
	stepCertManagerNamespace = "namespace-" + certManagerNamespace
	stepCertManager          = "cert-manager"
	stepIssuer               = "issuer"
	stepCertificate          = "certificate"
	stepInternalGateway      = "gateway-" + InternalGateway
	stepExternalGateway      = "gateway-" + ExternalGateway
)

// Late values of the plan.
const (
	valueClusterToken  = "cluster-token"
	valueDNSCredential = "dns-credential"
	valueTunnelToken   = "tunnel-token"
	valueUniFiKey      = "unifi-key"
	valueCACert        = "ca-cert"
	valueCAKey         = "ca-key"
)

// secretAnnotation on a pod holds the fingerprint of a secret that the pod reads when it
// starts.
const secretAnnotation = "home-ops.github.io/secret"

// fingerprintOf is the name of the late value that is the fingerprint of another.
func fingerprintOf(value string) string { return value + "-fingerprint" }

// Plan is how a stack's cluster is reached: namespaces and their policies, certificates,
// gateways, the tunnel's connectors, and what publishes DNS names. It is empty for a
// stack without gateways. What is at Cloudflare is no part of it.
func Plan(stack *spec.Stack) (plan.Steps, error) {
	if !Enabled(stack) {
		return nil, nil
	}
	certificates, err := certificateSteps(stack)
	if err != nil {
		return nil, fmt.Errorf("edge: %w", err)
	}
	dns, err := dnsSteps(stack)
	if err != nil {
		return nil, fmt.Errorf("edge: %w", err)
	}
	steps := slices.Concat(
		namespaces(), policySteps(stack), certificates, gatewaySteps(stack), connectorSteps(stack), dns,
	)
	return steps, steps.Check()
}

// running is when nodes run pods and Services have addresses.
func running() []plan.Condition { return []plan.Condition{plan.Network, plan.LoadBalancer} }

// runningWithGateways is for what reads gateways and routes, and does not start without
// their kinds.
func runningWithGateways() []plan.Condition {
	return append(running(), plan.GatewayAPI)
}

// namespaces are that of the gateways, which has network policies of its own, and
// cert-manager's, which is under the baseline.
func namespaces() plan.Steps {
	namespace := func(step, name string, marks map[string]string) plan.Step {
		return plan.Step{Name: step, Object: &corev1.Namespace{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: marks},
		}}
	}
	return plan.Steps{
		namespace(stepNetworkNamespace, Namespace, map[string]string{labels.NetworkPolicy: labels.NetworkPolicyOwn}),
		namespace(stepCertManagerNamespace, certManagerNamespace, nil),
	}
}

// secret makes a Secret with one late value, after its namespace.
func secret(step string, meta metav1.ObjectMeta, key, value string) plan.Step {
	return plan.Step{
		Name: step,
		Object: &corev1.Secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
			ObjectMeta: meta,
		},
		From:  []plan.From{{Path: []string{"stringData", key}, Value: value}},
		After: []string{"namespace-" + meta.Namespace},
	}
}

// release installs a chart into a namespace of the plan. The release, like its step, is
// called name.
func release(name, namespace string, chart plan.Chart, values map[string]any) plan.Step {
	return plan.Step{
		Name: name,
		Release: &plan.Release{
			Name: name, Namespace: namespace, Chart: chart, Values: values, Timeout: releaseTimeout,
		},
		After: []string{"namespace-" + namespace},
		Needs: running(),
	}
}

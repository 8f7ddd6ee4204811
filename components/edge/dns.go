package edge

import (
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// Where the charts are that publish names.
const (
	externalDNSRegistry = "oci://ghcr.io/home-operations/charts-mirror"
	k8sGatewayRegistry  = "oci://ghcr.io/k8s-gateway/charts"
)

// The two installations of external-dns: one publishes on the internet, at whom its name
// ends with, the other at the home's router.
const (
	publicDNS = "external-dns-"
	homeDNS   = "external-dns-unifi"
)

// dnsSteps publish names: those of the external gateway on the internet, those of both
// gateways at the home's router and by a DNS server in the cluster.
func dnsSteps(stack *spec.Stack) (plan.Steps, error) {
	var steps plan.Steps
	if published(stack) {
		holder := holderOf(stack)
		values, err := publicDNSValues(stack, holder)
		if err != nil {
			return nil, err
		}
		token := secret("external-dns-token", named(Namespace, holder.secret), holder.key, holder.value)
		steps = append(steps, token, externalDNSRelease(stack, holder.release, values, token))
	}
	if stack.Edge.DNS.UniFi != nil {
		values, err := homeDNSValues(stack)
		if err != nil {
			return nil, err
		}
		key := secret("unifi-key", named(Namespace, unifiKey), unifiKeyKey, valueUniFiKey)
		steps = append(steps, key, externalDNSRelease(stack, homeDNS, values, key))
	}
	if len(stack.Edge.Gateways.DNS) > 0 {
		values, err := k8sGatewayValues(stack)
		if err != nil {
			return nil, err
		}
		chart := plan.Chart{
			Registry: k8sGatewayRegistry, Name: "k8s-gateway", Version: string(stack.Versions.K8sGateway),
		}
		server := release("k8s-gateway", Namespace, chart, values)
		server.Needs = runningWithGateways()
		steps = append(steps, server)
	}
	return steps, nil
}

// externalDNSRelease is external-dns with a credential. It starts anew when the
// credential changes, which it reads once.
func externalDNSRelease(stack *spec.Stack, name string, values map[string]any, credential plan.Step) plan.Step {
	step := release(name, Namespace, plan.Chart{
		Registry: externalDNSRegistry, Name: "external-dns", Version: string(stack.Versions.ExternalDNS),
	}, values)
	step.From = []plan.From{{
		Path:  []string{"podAnnotations", secretAnnotation},
		Value: fingerprintOf(credential.From[0].Value),
	}}
	step.After = append(step.After, credential.Name)
	step.Needs = runningWithGateways()
	return step
}

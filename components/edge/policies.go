package edge

import (
	"net/url"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// How Cilium names what it knows of a pod's namespace in a pod's labels.
const (
	podNamespace    = "k8s:io.kubernetes.pod.namespace"
	namespaceLabels = "k8s:io.cilium.k8s.namespace.labels."
	nameLabel       = "app.kubernetes.io/name"
)

// policyPrefix begins the name of each policy: policies of the whole cluster have no
// namespace to tell them apart.
const policyPrefix = "edge-"

// policySteps need Cilium's kinds alone, and come before the pods.
func policySteps(stack *spec.Stack) plan.Steps {
	var steps plan.Steps
	for _, policy := range policies(stack) {
		steps = append(steps, plan.Step{
			Name:   "policy-" + strings.TrimPrefix(policy.Name, policyPrefix),
			Object: policy,
			Needs:  running(),
		})
	}
	return steps
}

// policies are those of the namespace of gateways. It is left out of the baseline
// because the connector of a tunnel may do less than an ordinary pod; cert-manager's
// namespace is under the baseline.
func policies(stack *spec.Stack) []*ciliumio.ClusterwideNetworkPolicy {
	out := []*ciliumio.ClusterwideNetworkPolicy{policyAll()}
	if tunnelled(stack) {
		out = append(out, policyCloudflared())
	}
	if published(stack) || stack.Edge.DNS.UniFi != nil {
		out = append(out, policyExternalDNS(stack))
	}
	if len(stack.Edge.Gateways.DNS) > 0 {
		out = append(out, policyK8sGateway(stack))
	}
	return out
}

func policyAll() *ciliumio.ClusterwideNetworkPolicy {
	p := policy("network", "Pods of the namespace are reached by nodes and scrapers, and ask cluster DNS.", nil)
	p.Spec.Ingress = []ciliumio.IngressRule{
		{FromEntities: []ciliumio.Entity{ciliumio.EntityHost, ciliumio.EntityRemoteNode}},
		{FromEndpoints: []metav1.LabelSelector{{
			MatchLabels: map[string]string{namespaceLabels + labels.Scraper: "true"},
		}}},
	}
	p.Spec.Egress = []ciliumio.EgressRule{{
		ToEndpoints: []metav1.LabelSelector{{MatchLabels: map[string]string{
			podNamespace: metav1.NamespaceSystem, "k8s:k8s-app": "kube-dns",
		}}},
		ToPorts: ports("UDP", "53", "TCP", "53"),
	}}
	return p
}

// policyCloudflared holds even when somebody changes the tunnel's configuration at
// Cloudflare: the connector reaches neither the home network nor the nodes nor the API.
//
// A client inside the cluster that uses a gateway must be allowed to reach the gateway
// and also every backend behind it, and Envoy's port is not the Service's
// (https://github.com/cilium/cilium/issues/47768). So the connector may reach pods. When
// it connects to one directly, the pod refuses: the baseline lets gateways in, and not
// other namespaces. kube-system is left out here because it is not under the baseline.
func policyCloudflared() *ciliumio.ClusterwideNetworkPolicy {
	p := policy("cloudflared", "The tunnel's connector reaches gateways and Cloudflare.", connectorLabels())
	p.Spec.Egress = []ciliumio.EgressRule{
		{ToEntities: []ciliumio.Entity{ciliumio.EntityIngress}},
		{ToEndpoints: []metav1.LabelSelector{{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: podNamespace, Operator: metav1.LabelSelectorOpExists},
			{Key: podNamespace, Operator: metav1.LabelSelectorOpNotIn, Values: []string{metav1.NamespaceSystem}},
		}}}},
		{
			ToEntities: []ciliumio.Entity{ciliumio.EntityWorld},
			// https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/configure-tunnels/tunnel-with-firewall/
			ToPorts: ports("UDP", "7844", "TCP", "7844"),
		},
	}
	return p
}

func policyExternalDNS(stack *spec.Stack) *ciliumio.ClusterwideNetworkPolicy {
	p := policy("external-dns", "external-dns reads routes and writes records.", map[string]string{nameLabel: "external-dns"})
	providers := []string{"TCP", "443"}
	if port := unifiPort(stack); port != "" && port != "443" {
		providers = append(providers, "TCP", port)
	}
	p.Spec.Egress = []ciliumio.EgressRule{
		kubernetesAPI(),
		{ToEntities: []ciliumio.Entity{ciliumio.EntityWorld}, ToPorts: ports(providers...)},
	}
	return p
}

func policyK8sGateway(stack *spec.Stack) *ciliumio.ClusterwideNetworkPolicy {
	p := policy("k8s-gateway", "k8s-gateway answers the home and every pod.", map[string]string{nameLabel: "k8s-gateway"})
	p.Spec.Ingress = []ciliumio.IngressRule{
		{FromEntities: []ciliumio.Entity{ciliumio.EntityWorld}},
		{FromEndpoints: []metav1.LabelSelector{{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: podNamespace, Operator: metav1.LabelSelectorOpExists},
		}}}},
	}
	p.Spec.Egress = []ciliumio.EgressRule{kubernetesAPI()}
	if stack.Edge.Cloudflare != nil {
		// Public names of the domain, asked for over TLS.
		p.Spec.Egress = append(p.Spec.Egress, ciliumio.EgressRule{
			ToEntities: []ciliumio.Entity{ciliumio.EntityWorld}, ToPorts: ports("TCP", "853"),
		})
	}
	return p
}

func policy(name, description string, pods map[string]string) *ciliumio.ClusterwideNetworkPolicy {
	selector := map[string]string{podNamespace: Namespace}
	for key, value := range pods {
		selector["k8s:"+key] = value
	}
	return &ciliumio.ClusterwideNetworkPolicy{
		TypeMeta:   ciliumio.Type(ciliumio.V2, "CiliumClusterwideNetworkPolicy"),
		ObjectMeta: ciliumio.Named(policyPrefix + name),
		Spec: ciliumio.PolicyRule{
			Description:       description,
			EndpointSelector:  metav1.LabelSelector{MatchLabels: selector},
			EnableDefaultDeny: ciliumio.DefaultDeny{Ingress: true, Egress: true},
		},
	}
}

func kubernetesAPI() ciliumio.EgressRule {
	return ciliumio.EgressRule{
		ToEntities: []ciliumio.Entity{ciliumio.EntityKubeAPIServer}, ToPorts: ports("TCP", spec.APIPort),
	}
}

// ports is a rule for pairs of protocol and port.
func ports(pairs ...string) []ciliumio.PortRule {
	var out []ciliumio.PortProtocol
	for i := 0; i+1 < len(pairs); i += 2 {
		out = append(out, ciliumio.PortProtocol{Protocol: pairs[i], Port: pairs[i+1]})
	}
	return []ciliumio.PortRule{{Ports: out}}
}

func unifiPort(stack *spec.Stack) string {
	if stack.Edge.DNS.UniFi == nil {
		return ""
	}
	controller, err := url.Parse(stack.Edge.DNS.UniFi.URL)
	if err != nil {
		return "" // validation of the stack file refuses such a URL
	}
	return controller.Port()
}

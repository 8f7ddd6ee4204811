package objects

import (
	"net/url"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/spec"
)

// How Cilium names what it knows of a pod's namespace in a pod's labels.
const (
	podNamespace    = "k8s:io.kubernetes.pod.namespace"
	namespaceLabels = "k8s:io.cilium.k8s.namespace.labels."
	nameLabel       = "app.kubernetes.io/name"
)

// Policies are those of the namespace of gateways, which is left out of the
// baseline: the connector of a tunnel may do less than an ordinary pod. The
// namespace of cert-manager is under the baseline.
func Policies(stack *spec.Stack) []Object {
	out := []Object{{"policy-network", policyAll()}}
	if Tunnelled(stack) {
		out = append(out, Object{"policy-cloudflared", policyCloudflared()})
	}
	if Published(stack) || stack.Edge.DNS.UniFi != nil {
		out = append(out, Object{"policy-external-dns", policyExternalDNS(stack)})
	}
	if len(stack.Edge.Gateways.DNS) > 0 {
		out = append(out, Object{"policy-k8s-gateway", policyK8sGateway(stack)})
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

// policyCloudflared is what stays true when somebody changes the tunnel's
// configuration at Cloudflare: the connector reaches neither the home network nor
// the nodes nor the API.
//
// Who asks a gateway from inside the cluster needs leave for the gateway and for
// every backend behind it, and Envoy's port is not the Service's
// (https://github.com/cilium/cilium/issues/47768). So pods are allowed; asked
// directly, they refuse under the baseline, which lets gateways in and other
// namespaces not. kube-system is not under the baseline, hence left out.
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
		// What the public knows of the domain, asked over TLS.
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
		ObjectMeta: ciliumio.Named("edge-" + name),
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

// ports is pairs of protocol and port.
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
		return "" // the stack file was checked
	}
	return controller.Port()
}

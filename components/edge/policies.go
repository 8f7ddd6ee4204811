package edge

import (
	"net/netip"
	"net/url"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// nameLabel is what charts call their pods by.
const nameLabel = "app.kubernetes.io/name"

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
	if stack.Edge.Exposure != spec.ExposureDirect {
		out = append(out, policyGateways(stack))
	}
	if tunnelled(stack) {
		out = append(out, policyCloudflared(stack))
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
			MatchLabels: map[string]string{
				ciliumio.NamespaceLabels + labels.Scraper: "true", "k8s:" + nameLabel: labels.Prometheus,
			},
		}}},
	}
	p.Spec.Egress = []ciliumio.EgressRule{{
		ToEndpoints: []metav1.LabelSelector{{MatchLabels: map[string]string{
			ciliumio.PodNamespace: metav1.NamespaceSystem, "k8s:k8s-app": "kube-dns",
		}}},
		ToPorts: ports("UDP", "53", "TCP", "53"),
	}}
	return p
}

// policyGateways keeps the internet from the gateways where the public comes by a
// tunnel, or not at all: a forwarded port of the router, or an address of the home that
// the internet has a route to, opens nothing. All gateways are one endpoint to Cilium, so
// where the public comes to one directly no policy can keep it from the other
// (https://docs.cilium.io/en/stable/network/servicemesh/ingress-and-network-policy/).
func policyGateways(stack *spec.Stack) *ciliumio.ClusterwideNetworkPolicy {
	return &ciliumio.ClusterwideNetworkPolicy{
		TypeMeta:   ciliumio.Type(ciliumio.V2, "CiliumClusterwideNetworkPolicy"),
		ObjectMeta: ciliumio.Named(policyPrefix + "gateways"),
		Spec: ciliumio.PolicyRule{
			Description: "Gateways are reached from the home and from the cluster.",
			EndpointSelector: metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
				{Key: "reserved:ingress", Operator: metav1.LabelSelectorOpExists},
			}},
			EnableDefaultDeny: ciliumio.DefaultDeny{Ingress: true},
			Ingress: []ciliumio.IngressRule{
				{FromEntities: []ciliumio.Entity{ciliumio.EntityHost, ciliumio.EntityRemoteNode}},
				{FromEndpoints: []metav1.LabelSelector{{MatchExpressions: []metav1.LabelSelectorRequirement{
					{Key: ciliumio.PodNamespace, Operator: metav1.LabelSelectorOpExists},
				}}}},
				{FromCIDRSet: ciliumio.Home(stack.Network.NodeCIDRs...)},
			},
		},
	}
}

// policyCloudflared holds even when somebody changes the tunnel's configuration at
// Cloudflare: the connector reaches neither the home network nor the nodes nor the API.
//
// A client inside the cluster that uses a gateway must be allowed to reach the gateway
// and also every backend behind it, and Envoy's port is not the Service's
// (https://github.com/cilium/cilium/issues/47768). So the connector may reach the pods
// of the namespaces whose routes the external gateway takes. When it connects to one
// directly, the pod refuses: the baseline lets gateways in, and not other namespaces.
func policyCloudflared(stack *spec.Stack) *ciliumio.ClusterwideNetworkPolicy {
	p := policy("cloudflared", "The tunnel's connector reaches gateways and Cloudflare.", connectorLabels())
	p.Spec.Egress = []ciliumio.EgressRule{
		{ToEntities: []ciliumio.Entity{ciliumio.EntityIngress}},
		{ToEndpoints: []metav1.LabelSelector{{
			MatchLabels: map[string]string{ciliumio.NamespaceLabels + labels.ExternalGateway: "true"},
		}}},
		{
			ToCIDRSet: ciliumio.Internet(stack.Network.NodeCIDRs...),
			// https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/configure-tunnels/tunnel-with-firewall/
			ToPorts: ports("UDP", "7844", "TCP", "7844"),
		},
	}
	return p
}

func policyExternalDNS(stack *spec.Stack) *ciliumio.ClusterwideNetworkPolicy {
	p := policy("external-dns", "external-dns reads routes and writes records.", map[string]string{nameLabel: "external-dns"})
	p.Spec.Egress = []ciliumio.EgressRule{
		kubernetesAPI(),
		{ToCIDRSet: ciliumio.Internet(stack.Network.NodeCIDRs...), ToPorts: ports("TCP", "443")},
	}
	if stack.Edge.DNS.UniFi != nil {
		p.Spec.Egress = append(p.Spec.Egress, controllerRule(stack.Edge.DNS.UniFi))
	}
	return p
}

func policyK8sGateway(stack *spec.Stack) *ciliumio.ClusterwideNetworkPolicy {
	p := policy("k8s-gateway", "k8s-gateway answers the home and every pod.", map[string]string{nameLabel: "k8s-gateway"})
	p.Spec.Ingress = []ciliumio.IngressRule{
		// Not the internet, which has a way to it where the home's addresses are public ones, as with IPv6: it answers everybody.
		{FromCIDRSet: ciliumio.Home(stack.Network.NodeCIDRs...)},
		{FromEndpoints: []metav1.LabelSelector{{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: ciliumio.PodNamespace, Operator: metav1.LabelSelectorOpExists},
		}}}},
	}
	p.Spec.Egress = []ciliumio.EgressRule{kubernetesAPI()}
	if len(stack.Edge.PublicZones()) > 0 {
		// Public names of the domain, asked for over TLS.
		p.Spec.Egress = append(p.Spec.Egress, ciliumio.EgressRule{
			ToCIDRSet: ciliumio.Internet(stack.Network.NodeCIDRs...), ToPorts: ports("TCP", "853"),
		})
	}
	return p
}

func policy(name, description string, pods map[string]string) *ciliumio.ClusterwideNetworkPolicy {
	selector := map[string]string{ciliumio.PodNamespace: Namespace}
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

// controllerRule lets pods reach the UniFi controller, and nothing else of the home where its address is known.
func controllerRule(unifi *spec.UniFi) ciliumio.EgressRule {
	rule := ciliumio.EgressRule{ToEntities: []ciliumio.Entity{ciliumio.EntityWorld}, ToPorts: ports("TCP", "443")}
	controller, err := url.Parse(unifi.URL)
	if err != nil {
		return rule // validation of the stack file refuses such a URL
	}
	if port := controller.Port(); port != "" {
		rule.ToPorts = ports("TCP", port)
	}
	if address, err := netip.ParseAddr(controller.Hostname()); err == nil {
		rule.ToEntities = nil
		rule.ToCIDRSet = []ciliumio.CIDRRule{{CIDR: netip.PrefixFrom(address, address.BitLen()).String()}}
	}
	return rule
}

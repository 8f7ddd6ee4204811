package secretstore

import (
	"net/netip"
	"net/url"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/spec"
)

// connectPolicy lets the operator of External Secrets reach Connect, and nobody else:
// a stolen token alone then opens nothing. The baseline lets gateways, scrapers and
// other nodes in, so these are denied. Cilium always lets in what runs on Connect's own
// node, which is how the kubelet probes it.
func connectPolicy() *ciliumio.NetworkPolicy {
	p := policy("External Secrets alone reaches Connect.", map[string]string{"app": connectName})
	p.Spec.EnableDefaultDeny.Ingress = true
	p.Spec.Ingress = []ciliumio.IngressRule{{
		FromEndpoints: []metav1.LabelSelector{{MatchLabels: operatorPods()}},
		ToPorts:       tcp(strconv.Itoa(connectPort)),
	}}
	p.Spec.IngressDeny = []ciliumio.IngressRule{
		{FromEntities: []ciliumio.Entity{ciliumio.EntityRemoteNode, ciliumio.EntityIngress, ciliumio.EntityWorld}},
		{FromEndpoints: []metav1.LabelSelector{{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: ciliumio.PodNamespace, Operator: metav1.LabelSelectorOpExists},
			{Key: ciliumio.PodNamespace, Operator: metav1.LabelSelectorOpNotIn, Values: []string{Namespace}},
		}}}},
	}
	return p
}

// storePolicy lets the operator of External Secrets reach a Connect outside of the
// cluster. It is usually in the home network, which the baseline keeps pods from.
func storePolicy(stack *spec.Stack) *ciliumio.NetworkPolicy {
	p := policy("External Secrets reaches Connect outside of the cluster.", operatorPods())
	rule := ciliumio.EgressRule{ToEntities: []ciliumio.Entity{ciliumio.EntityWorld}, ToPorts: tcp("443")}
	// Validation of the stack file refuses a URL that is none.
	if host, err := url.Parse(stack.Secrets.OnePassword.ConnectHost); err == nil {
		if address, err := netip.ParseAddr(host.Hostname()); err == nil {
			rule.ToEntities = nil
			rule.ToCIDRSet = []ciliumio.CIDRRule{{CIDR: netip.PrefixFrom(address, address.BitLen()).String()}}
		}
		switch {
		case host.Port() != "":
			rule.ToPorts = tcp(host.Port())
		case host.Scheme == "http":
			rule.ToPorts = tcp("80")
		}
	}
	p.Spec.Egress = []ciliumio.EgressRule{rule}
	return p
}

func operatorPods() map[string]string {
	return map[string]string{"app.kubernetes.io/name": externalSecretsName}
}

// policy adds to the baseline for some pods of the namespace.
func policy(description string, pods map[string]string) *ciliumio.NetworkPolicy {
	return &ciliumio.NetworkPolicy{
		TypeMeta:   ciliumio.Type(ciliumio.V2, "CiliumNetworkPolicy"),
		ObjectMeta: metav1.ObjectMeta{Name: connectName, Namespace: Namespace},
		Spec: ciliumio.PolicyRule{
			Description: description, EndpointSelector: metav1.LabelSelector{MatchLabels: pods},
		},
	}
}

func tcp(port string) []ciliumio.PortRule {
	return []ciliumio.PortRule{{Ports: []ciliumio.PortProtocol{{Port: port, Protocol: "TCP"}}}}
}

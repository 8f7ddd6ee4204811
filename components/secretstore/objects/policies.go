package objects

import (
	"net/netip"
	"net/url"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/spec"
)

// podNamespace is how Cilium names a pod's namespace among its labels.
const podNamespace = "k8s:io.kubernetes.pod.namespace"

// ConnectPolicy lets the operator of External Secrets reach Connect, and nobody
// else: who gets hold of a token needs a way to use it. The baseline lets gateways,
// scrapers and other nodes in, so these are denied. What runs on Connect's own node
// gets in whatever a policy says: that is how the kubelet probes it.
func ConnectPolicy() *ciliumio.NetworkPolicy {
	p := policy("External Secrets alone asks Connect.", map[string]string{"app": ConnectName})
	p.Spec.EnableDefaultDeny.Ingress = true
	p.Spec.Ingress = []ciliumio.IngressRule{{
		FromEndpoints: []metav1.LabelSelector{{MatchLabels: externalSecrets()}},
		ToPorts:       tcp(strconv.Itoa(ConnectPort)),
	}}
	p.Spec.IngressDeny = []ciliumio.IngressRule{
		{FromEntities: []ciliumio.Entity{ciliumio.EntityRemoteNode, ciliumio.EntityIngress, ciliumio.EntityWorld}},
		{FromEndpoints: []metav1.LabelSelector{{MatchExpressions: []metav1.LabelSelectorRequirement{
			{Key: podNamespace, Operator: metav1.LabelSelectorOpExists},
			{Key: podNamespace, Operator: metav1.LabelSelectorOpNotIn, Values: []string{SystemNamespace}},
		}}}},
	}
	return p
}

// StorePolicy lets the operator of External Secrets reach Connect outside of the
// cluster, which is in the home as a rule, out of pods' reach.
func StorePolicy(stack *spec.Stack) *ciliumio.NetworkPolicy {
	p := policy("External Secrets asks Connect outside of the cluster.", externalSecrets())
	rule := ciliumio.EgressRule{ToEntities: []ciliumio.Entity{ciliumio.EntityWorld}, ToPorts: tcp("443")}
	if host, err := url.Parse(stack.Secrets.OnePassword.ConnectHost); err == nil { // the stack file was checked
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

func externalSecrets() map[string]string {
	return map[string]string{"app.kubernetes.io/name": ExternalSecretsName}
}

// policy adds to the baseline.
func policy(description string, pods map[string]string) *ciliumio.NetworkPolicy {
	return &ciliumio.NetworkPolicy{
		TypeMeta:   ciliumio.Type(ciliumio.V2, "CiliumNetworkPolicy"),
		ObjectMeta: metav1.ObjectMeta{Name: ConnectName, Namespace: SystemNamespace},
		Spec: ciliumio.PolicyRule{
			Description: description, EndpointSelector: metav1.LabelSelector{MatchLabels: pods},
		},
	}
}

func tcp(port string) []ciliumio.PortRule {
	return []ciliumio.PortRule{{Ports: []ciliumio.PortProtocol{{Port: port, Protocol: "TCP"}}}}
}

package cilium

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/spec"
)

// Hubble's pods, as the chart labels them, and their ports
// (https://docs.cilium.io/en/stable/helm-reference/, hubble.relay.listenPort and hubble.ui).
const (
	relayName = "hubble-relay"
	uiName    = "hubble-ui"
	relayPort = "4245"
	uiPort    = "8081"
)

// hubblePolicies keep the cluster's pods from Hubble: Relay tells every flow of the cluster to whoever asks, without a password,
// and the UI asks it for whoever looks. The baseline leaves out their namespace, so they are there without it too.
//
// Port forwarding, as of cilium hubble port-forward, comes from the pod's own node, which Cilium always lets in, as it does the
// kubelet's probes (https://docs.cilium.io/en/stable/security/network/policyenforcement/#policy-enforcement).
func hubblePolicies(stack *spec.Stack) []*ciliumio.NetworkPolicy {
	h := hubbleValues(stack)
	var all []*ciliumio.NetworkPolicy
	if h.Relay.Enabled {
		from := ciliumio.IngressRule{ToPorts: tcp(relayPort)}
		from.FromEndpoints = []metav1.LabelSelector{{MatchLabels: map[string]string{appLabel: uiName}}}
		all = append(all, hubblePolicy(relayName, "Hubble's UI reaches Relay, and nobody else.", from))
	}
	if h.UI.Enabled {
		from := ciliumio.IngressRule{FromEntities: []ciliumio.Entity{ciliumio.EntityIngress}, ToPorts: tcp(uiPort)}
		all = append(all, hubblePolicy(uiName, "Requests that a Gateway lets in reach Hubble's UI.", from))
	}
	return all
}

// appLabel is that by which the chart's own Services choose pods.
const appLabel = "k8s-app"

func hubblePolicy(name, description string, from ciliumio.IngressRule) *ciliumio.NetworkPolicy {
	return &ciliumio.NetworkPolicy{
		TypeMeta:   ciliumio.Type(ciliumio.V2, "CiliumNetworkPolicy"),
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: metav1.NamespaceSystem},
		Spec: ciliumio.PolicyRule{
			Description:       description,
			EndpointSelector:  metav1.LabelSelector{MatchLabels: map[string]string{appLabel: name}},
			EnableDefaultDeny: ciliumio.DefaultDeny{Ingress: true},
			Ingress:           []ciliumio.IngressRule{from},
		},
	}
}

func tcp(port string) []ciliumio.PortRule {
	return []ciliumio.PortRule{{Ports: []ciliumio.PortProtocol{{Port: port, Protocol: "TCP"}}}}
}

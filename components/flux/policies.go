package flux

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/internal/labels"
)

// metricsPort is that of Flux's controllers and of its operator
// (https://fluxcd.io/flux/monitoring/metrics/#controller-metrics).
const metricsPort = "8080"

// policy stands in the place of the policies that come with Flux, which the instance is told to leave out: those let every pod
// of the cluster read the metrics, and send notification-controller events, out of which it makes alerts and commit
// statuses (https://github.com/fluxcd/flux2/tree/main/manifests/policies). Out of the namespace everything may go, as there.
func policy() *ciliumio.NetworkPolicy {
	return &ciliumio.NetworkPolicy{
		TypeMeta:   ciliumio.Type(ciliumio.V2, "CiliumNetworkPolicy"),
		ObjectMeta: named("flux"),
		Spec: ciliumio.PolicyRule{
			Description:       "Flux's own pods reach each other, and scrapers their metrics.",
			EndpointSelector:  metav1.LabelSelector{},
			EnableDefaultDeny: ciliumio.DefaultDeny{Ingress: true},
			Ingress: []ciliumio.IngressRule{
				{FromEndpoints: []metav1.LabelSelector{{}}},
				{
					FromEndpoints: []metav1.LabelSelector{{MatchLabels: map[string]string{
						ciliumio.NamespaceLabels + labels.Scraper: "true", "k8s:app.kubernetes.io/name": labels.Prometheus,
					}}},
					ToPorts: tcp(metricsPort),
				},
			},
		},
	}
}

// receiverPolicy lets the gateways reach the receivers, and a Git server that runs in the cluster: they look at its
// signature.
func receiverPolicy() *ciliumio.NetworkPolicy {
	return &ciliumio.NetworkPolicy{
		TypeMeta:   ciliumio.Type(ciliumio.V2, "CiliumNetworkPolicy"),
		ObjectMeta: named(receiverName),
		Spec: ciliumio.PolicyRule{
			Description:      "Requests that the gateway lets in, and those of pods, reach the receivers.",
			EndpointSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app": "notification-controller"}},
			// The namespace's own policy denies the rest.
			EnableDefaultDeny: ciliumio.DefaultDeny{},
			Ingress: []ciliumio.IngressRule{
				{FromEntities: []ciliumio.Entity{ciliumio.EntityIngress}, ToPorts: tcp(receiverPort)},
				{
					FromEndpoints: []metav1.LabelSelector{{MatchExpressions: []metav1.LabelSelectorRequirement{
						{Key: ciliumio.PodNamespace, Operator: metav1.LabelSelectorOpExists},
					}}},
					ToPorts: tcp(receiverPort),
				},
			},
		},
	}
}

func tcp(port string) []ciliumio.PortRule {
	return []ciliumio.PortRule{{Ports: []ciliumio.PortProtocol{{Port: port, Protocol: "TCP"}}}}
}

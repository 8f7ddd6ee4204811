package cilium

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/spec"
)

// policies are the baseline: pods of different namespaces cannot reach each
// other, and no pod reaches a node, until a policy of the namespace allows it.
// They hold for every namespace but kube-system and those that say that they
// bring their own. There are none when the stack has the baseline off.
//
// No cluster-wide policy can say "the same namespace": an application of several
// pods needs a policy of its own that allows it.
func policies(stack *spec.Stack) []*ciliumio.ClusterwideNetworkPolicy {
	if !stack.Cilium.PolicyBaseline {
		return nil
	}
	return []*ciliumio.ClusterwideNetworkPolicy{baselineIngress(), baselineEgress(stack)}
}

func baselineIngress() *ciliumio.ClusterwideNetworkPolicy {
	return newPolicy("baseline-ingress", ciliumio.PolicyRule{
		Description:       "Pods are reached by nodes, the API server, gateways and scrapers; all else needs a policy.",
		EndpointSelector:  ordinaryPods(),
		EnableDefaultDeny: ciliumio.DefaultDeny{Ingress: true},
		Ingress: []ciliumio.IngressRule{
			{FromEntities: []ciliumio.Entity{
				// The kubelet's probes, and what runs on the pod's own node.
				ciliumio.EntityHost,
				// Load-balancer traffic that another node passes on in its own name.
				ciliumio.EntityRemoteNode,
				// Webhooks, aggregated APIs and port forwarding.
				ciliumio.EntityKubeAPIServer,
				// Requests that a Gateway lets in.
				ciliumio.EntityIngress,
			}},
			// Metrics.
			{FromEndpoints: []metav1.LabelSelector{{
				MatchLabels: map[string]string{
					ciliumio.NamespaceLabels + labels.Scraper: "true",
					// Not what stands beside it: a dashboard has no business with a database.
					"k8s:app.kubernetes.io/name": labels.Prometheus,
				},
			}}},
		},
	})
}

func baselineEgress(stack *spec.Stack) *ciliumio.ClusterwideNetworkPolicy {
	return newPolicy("baseline-egress", ciliumio.PolicyRule{
		Description:       "Pods reach the API, gateways, the internet, and pods that let them in; nodes and the home need a policy.",
		EndpointSelector:  ordinaryPods(),
		EnableDefaultDeny: ciliumio.DefaultDeny{Egress: true},
		Egress: []ciliumio.EgressRule{
			// Any pod, cluster DNS among them: whether it answers is its own policies' to say.
			{ToEndpoints: []metav1.LabelSelector{{
				MatchExpressions: []metav1.LabelSelectorRequirement{exists(ciliumio.PodNamespace)},
			}}},
			// The API alone. Its machines have other ports, the Talos API above all.
			{
				ToEntities: []ciliumio.Entity{ciliumio.EntityKubeAPIServer},
				ToPorts:    []ciliumio.PortRule{{Ports: []ciliumio.PortProtocol{{Port: spec.APIPort, Protocol: "TCP"}}}},
			},
			// A public name of the cluster's own, asked for from inside.
			{ToEntities: []ciliumio.Entity{ciliumio.EntityIngress}},
			// A router or a NAS trusts whoever is in the home; who needs one says so in a policy.
			{ToCIDRSet: ciliumio.Internet(stack.Network.NodeCIDRs...)},
		},
	})
}

// ordinaryPods chooses the pods under the baseline. Asking that they have a
// namespace leaves out Cilium's own endpoints for health checks and gateways:
// NotIn alone is true of them too, and the baseline would cut them off.
func ordinaryPods() metav1.LabelSelector {
	return metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{
		exists(ciliumio.PodNamespace),
		notIn(ciliumio.PodNamespace, metav1.NamespaceSystem),
		notIn(ciliumio.NamespaceLabels+labels.NetworkPolicy, labels.NetworkPolicyOwn),
	}}
}

func newPolicy(name string, rule ciliumio.PolicyRule) *ciliumio.ClusterwideNetworkPolicy {
	return &ciliumio.ClusterwideNetworkPolicy{
		TypeMeta:   ciliumio.Type(ciliumio.V2, "CiliumClusterwideNetworkPolicy"),
		ObjectMeta: ciliumio.Named(name),
		Spec:       rule,
	}
}

func exists(key string) metav1.LabelSelectorRequirement {
	return metav1.LabelSelectorRequirement{Key: key, Operator: metav1.LabelSelectorOpExists}
}

func notIn(key, value string) metav1.LabelSelectorRequirement {
	return metav1.LabelSelectorRequirement{
		Key: key, Operator: metav1.LabelSelectorOpNotIn, Values: []string{value},
	}
}

package rook

import (
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/spec"
)

// policies keep everybody from Ceph who has no business with it: no app, but the nodes that mount volumes. What Ceph's
// daemons themselves reach, nobody limits. On the host network they are no pods to Cilium, and no policy is about them.
func policies(ceph *spec.RookCeph) []*ciliumio.NetworkPolicy {
	all := []*ciliumio.NetworkPolicy{policy("ceph", ciliumio.PolicyRule{
		Description:       "Ceph is reached by itself, nodes, gateways and scrapers.",
		EnableDefaultDeny: ciliumio.DefaultDeny{Ingress: true},
		Ingress: []ciliumio.IngressRule{
			// Daemons choose their ports in a wide range.
			{FromEndpoints: []metav1.LabelSelector{{}}},
			// The CSI drivers and the kernel that mounts volumes; the dashboard, where a route leads to it.
			{FromEntities: []ciliumio.Entity{
				ciliumio.EntityHost, ciliumio.EntityRemoteNode, ciliumio.EntityKubeAPIServer, ciliumio.EntityIngress,
			}},
			{FromEndpoints: []metav1.LabelSelector{{MatchLabels: map[string]string{
				ciliumio.NamespaceLabels + labels.Scraper: "true", "k8s:app.kubernetes.io/name": labels.Prometheus,
			}}}},
		},
	})}
	if ceph.ObjectStore.Enabled {
		all = append(all, policy("buckets", ciliumio.PolicyRule{
			Description:      "Every pod reaches the buckets, for which it needs a key.",
			EndpointSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app": "rook-ceph-rgw"}},
			Ingress: []ciliumio.IngressRule{{
				FromEndpoints: []metav1.LabelSelector{{MatchExpressions: []metav1.LabelSelectorRequirement{
					{Key: ciliumio.PodNamespace, Operator: metav1.LabelSelectorOpExists},
				}}},
				ToPorts: []ciliumio.PortRule{{Ports: []ciliumio.PortProtocol{
					{Port: strconv.Itoa(gatewayPort), Protocol: "TCP"},
				}}},
			}},
		}))
	}
	return all
}

func policy(name string, rule ciliumio.PolicyRule) *ciliumio.NetworkPolicy {
	return &ciliumio.NetworkPolicy{
		TypeMeta:   ciliumio.Type(ciliumio.V2, "CiliumNetworkPolicy"),
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespaceName},
		Spec:       rule,
	}
}

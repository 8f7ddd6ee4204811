package rook

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/labels"
)

// namespace lets pods reach disks and kernels, which Talos forbids elsewhere
// (https://www.talos.dev/latest/kubernetes-guides/configuration/ceph-with-rook/).
func namespace() *corev1.Namespace {
	return &corev1.Namespace{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: namespaceName, Labels: map[string]string{
			"pod-security.kubernetes.io/enforce": "privileged",
			"pod-security.kubernetes.io/audit":   "privileged",
			"pod-security.kubernetes.io/warn":    "privileged",
			// Ceph's daemons talk to each other and to every node on ports that they choose;
			// the cluster-wide baseline policy would drop that. policy.go has what holds instead.
			labels.NetworkPolicy: labels.NetworkPolicyOwn,
		}},
	}
}

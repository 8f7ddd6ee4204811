package stacks

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// homeOpsNamespace holds what the program says of itself in the cluster.
const homeOpsNamespace = "home-ops"

// identity is the plan of what belongs to no component: a ConfigMap from which programs
// in the cluster read which cluster they are in.
func identity(stack *spec.Stack) (plan.Steps, error) {
	steps := plan.Steps{
		{Name: "home-ops-namespace", Object: &corev1.Namespace{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
			ObjectMeta: metav1.ObjectMeta{Name: homeOpsNamespace},
		}},
		{Name: "cluster-identity", After: []string{"home-ops-namespace"}, Object: &corev1.ConfigMap{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
			ObjectMeta: metav1.ObjectMeta{Name: "cluster-identity", Namespace: homeOpsNamespace},
			Data: map[string]string{
				"name":              stack.Cluster.Name,
				"domain":            stack.Cluster.Domain,
				"endpoint":          stack.ClusterEndpoint(),
				"talosVersion":      string(stack.Cluster.TalosVersion),
				"kubernetesVersion": string(stack.Cluster.KubernetesVersion),
			},
		}},
	}
	return steps, steps.Check()
}

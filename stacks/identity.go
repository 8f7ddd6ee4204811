package stacks

import (
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/manifest"
	"github.com/home-ops/home-ops/spec"
)

// homeOpsNamespace holds what the program tells the cluster about itself.
const homeOpsNamespace = "home-ops"

// publishIdentity tells whatever runs in the cluster which cluster it is in.
func publishIdentity(ctx *pulumi.Context, stack *spec.Stack, provider *kubernetes.Provider) error {
	namespace, err := manifest.New(ctx, "home-ops-namespace", &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: homeOpsNamespace},
	}, pulumi.Provider(provider))
	if err != nil {
		return err
	}
	_, err = manifest.New(ctx, "cluster-identity", &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: "cluster-identity", Namespace: homeOpsNamespace},
		Data: map[string]string{
			"name":              stack.Cluster.Name,
			"domain":            stack.Cluster.Domain,
			"endpoint":          stack.ClusterEndpoint(),
			"talosVersion":      string(stack.Cluster.TalosVersion),
			"kubernetesVersion": string(stack.Cluster.KubernetesVersion),
		},
	}, pulumi.Provider(provider), pulumi.DependsOn([]pulumi.Resource{namespace}))
	return err
}

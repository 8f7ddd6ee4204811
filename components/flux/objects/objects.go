// Package objects makes what Flux is told besides its chart: who may announce a
// push, and who hears of what becomes of it.
package objects

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/spec"
)

// Namespace is where Flux lives, by its operator's and everybody's convention. The
// repository that the tree comes from has the same name.
const Namespace = "flux-system"

// The Secrets in the namespace, besides that of the settings.
const (
	// gitSecret opens the repository.
	gitSecret = "flux-git"
	// ReceiverSecret signs the announcements of pushes.
	ReceiverSecret = "flux-webhook"
	// StatusSecret opens the service that hears of the commits.
	StatusSecret = "github-status"
)

// PullSecret is the name of the Secret that opens the repository, or empty when it
// is public.
func PullSecret(stack *spec.Stack) string {
	if stack.Flux.SSH() || stack.Flux.TokenRef != "" {
		return gitSecret
	}
	return ""
}

// NamespaceLabels are those of the namespace. The operator adds its own, and owns
// pod-security.kubernetes.io/warn
// (https://fluxoperator.dev/docs/crd/fluxinstance/).
func NamespaceLabels() map[string]string {
	return map[string]string{
		"pod-security.kubernetes.io/enforce": "restricted",
		// Flux brings policies of its own, which allow its controllers the outside.
		labels.NetworkPolicy: labels.NetworkPolicyOwn,
		// The receiver's route.
		externalGatewayLabel: "true",
	}
}

func named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: Namespace}
}

func kind(apiVersion, kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}
}

// Package objects makes what Flux is told besides its chart: who may announce a
// push, and who hears of what becomes of it.
package objects

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/flux/settings"
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

// Home is Flux's namespace. The operator adds labels of its own, and owns
// pod-security.kubernetes.io/warn
// (https://fluxoperator.dev/docs/crd/fluxinstance/).
func Home() *corev1.Namespace {
	return &corev1.Namespace{
		TypeMeta: kind("v1", "Namespace"),
		ObjectMeta: metav1.ObjectMeta{Name: Namespace, Labels: map[string]string{
			"pod-security.kubernetes.io/enforce": "restricted",
			// Flux brings policies of its own, which allow its controllers the outside.
			labels.NetworkPolicy: labels.NetworkPolicyOwn,
			// The receiver's route.
			externalGatewayLabel: "true",
		}},
	}
}

// Settings are what the tree is filled in with.
func Settings(stack *spec.Stack) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta:   kind("v1", "ConfigMap"),
		ObjectMeta: named(settings.ConfigMap),
		Data:       settings.For(stack),
	}
}

// All lists every object of a stack but the Secrets and the settings, in the order in
// which they are made.
func All(stack *spec.Stack) []any {
	all := []any{Home()}
	if webhook := stack.Flux.Webhook; webhook != nil {
		all = append(all, Receiver(webhook), Policy(), Route(stack))
	}
	if ReportsStatus(stack) {
		all = append(all, StatusProvider(stack), StatusAlert())
	}
	return all
}

func named(name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: Namespace}
}

func kind(apiVersion, kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}
}

package objects

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/spec"
)

// Object is a Kubernetes object.
type Object struct {
	// Name tells it apart from the others.
	Name string
	// Body is the object, with its kind and name.
	Body any
}

// All lists every object of a stack but the Secrets, in the order in which they are
// made.
func All(stack *spec.Stack) []Object {
	network, certManager := Namespaces()
	all := append([]Object{network, certManager}, Policies(stack)...)
	if GeneratesAuthority(stack) {
		all = append(all, Authority()...)
	}
	all = append(all, Object{"issuer", Issuer(stack)}, Object{"certificate", Certificate(stack)})
	gateways := Gateways(stack)
	for _, gateway := range gateways {
		all = append(all, Object{"gateway-" + gateway.Name, gateway})
	}
	all = append(all, Object{"redirect", Redirect(gateways)})
	if !Tunnelled(stack) {
		return all
	}
	if stack.Edge.Certificates.Staging {
		all = append(all, Object{"letsencrypt-staging-roots", StagingRoots()})
	}
	return append(all, Cloudflared(stack)...)
}

// Namespaces are that of the gateways, which has network policies of its own, and
// cert-manager's.
func Namespaces() (network, certManager Object) {
	namespace := func(name string, marks map[string]string) Object {
		return Object{"namespace-" + name, &corev1.Namespace{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: marks},
		}}
	}
	return namespace(Namespace, map[string]string{labels.NetworkPolicy: labels.NetworkPolicyOwn}),
		namespace(CertManagerNamespace, nil)
}

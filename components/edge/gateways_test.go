package edge

import (
	"crypto/x509"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// admits reports whether a listener takes routes of a namespace with these labels.
func admits(t *testing.T, listener gatewayv1.Listener, marks labels.Set) bool {
	t.Helper()
	switch from := listener.AllowedRoutes.Namespaces; *from.From {
	case gatewayv1.NamespacesFromAll:
		return true
	case gatewayv1.NamespacesFromSelector:
		selector, err := metav1.LabelSelectorAsSelector(from.Selector)
		if err != nil {
			t.Fatal(err)
		}
		return selector.Matches(marks)
	default:
		return false
	}
}

func TestGateways_PublishOnlyRoutesOfLabelledNamespaces(t *testing.T) {
	labelled := labels.Set{"gateway.home-ops.io/external": "true"}
	unlabelled := labels.Set{"kubernetes.io/metadata.name": "default"}
	for _, stack := range stacks(t) {
		for _, g := range gateways(stack) {
			for _, listener := range g.Spec.Listeners[1:] {
				if !admits(t, listener, labelled) {
					t.Errorf("%s: %s/%s refuses a labelled namespace", stack.Name, g.Name, listener.Name)
				}
				want := g.Name == InternalGateway
				if got := admits(t, listener, unlabelled); got != want {
					t.Errorf("%s: %s/%s admits any namespace: %t", stack.Name, g.Name, listener.Name, got)
				}
			}
			// Plain http is the redirect's, which is in the gateways' own namespace.
			if admits(t, g.Spec.Listeners[0], labelled) {
				t.Errorf("%s: %s serves plain http", stack.Name, g.Name)
			}
		}
	}
}

func TestGateways_OnlyPublishedOnesPointAtThePublicName(t *testing.T) {
	const target = "external-dns.alpha.kubernetes.io/target"
	for _, stack := range stacks(t) {
		for _, g := range gateways(stack) {
			want := ""
			if g.Name == ExternalGateway && stack.Edge.Exposure != "none" {
				want = "external." + stack.Cluster.Domain
			}
			if got := g.Annotations[target]; got != want {
				t.Errorf("%s: %s points at %q, want %q", stack.Name, g.Name, got, want)
			}
		}
	}
}

func TestStagingRoots_AreTwoCAs(t *testing.T) {
	pool := x509.NewCertPool()
	text := []byte(stagingRoots().Data["ca.crt"])
	if !pool.AppendCertsFromPEM(text) {
		t.Fatal("no certificates")
	}
	//nolint:staticcheck // The subjects are those of a pool that this test filled.
	if got := len(pool.Subjects()); got != 2 {
		t.Errorf("%d certificates", got)
	}
}

func TestRecordType_FollowsTheTarget(t *testing.T) {
	for target, want := range map[string]string{
		"203.0.113.7": "A", "2001:db8::7": "AAAA", "home.dyndns.example": "CNAME",
	} {
		if got := recordType(target); got != want {
			t.Errorf("%s is %s, want %s", target, got, want)
		}
	}
}

package objects_test

import (
	"crypto/x509"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/home-ops/home-ops/components/edge/objects"
)

// gateway is a stack's gateway of that name; nil when it has none.
func gateway(gateways []*gatewayv1.Gateway, name string) *gatewayv1.Gateway {
	i := slices.IndexFunc(gateways, func(g *gatewayv1.Gateway) bool { return g.Name == name })
	if i < 0 {
		return nil
	}
	return gateways[i]
}

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

func TestGateways_AdmitTheWorldOnlyToMarkedNamespaces(t *testing.T) {
	for _, stack := range stacks(t) {
		gateways := objects.Gateways(stack)
		for name, want := range map[string]struct{ marked, unmarked bool }{
			objects.InternalGateway: {true, true},
			objects.ExternalGateway: {true, false},
		} {
			g := gateway(gateways, name)
			if g == nil {
				continue
			}
			for _, listener := range g.Spec.Listeners {
				if listener.Name == "http" {
					want.marked, want.unmarked = false, false // the redirect's, of the same namespace
				}
				marked := admits(t, listener, labels.Set{"home-ops.github.io/external-gateway": "true"})
				unmarked := admits(t, listener, labels.Set{"kubernetes.io/metadata.name": "default"})
				if marked != want.marked || unmarked != want.unmarked {
					t.Errorf("%s: %s/%s admits marked %t, unmarked %t; want %+v",
						stack.Name, name, listener.Name, marked, unmarked, want)
				}
				if listener.Name == "http" {
					want = map[string]struct{ marked, unmarked bool }{
						objects.InternalGateway: {true, true}, objects.ExternalGateway: {true, false},
					}[name]
				}
			}
		}
	}
}

func TestGateways_OnlyPublishedOnesPointAtThePublicName(t *testing.T) {
	const target = "external-dns.alpha.kubernetes.io/target"
	for _, stack := range stacks(t) {
		for _, g := range objects.Gateways(stack) {
			want := ""
			if g.Name == objects.ExternalGateway && stack.Edge.Exposure != "none" {
				want = "external." + stack.Cluster.Domain
			}
			if got := g.Annotations[target]; got != want {
				t.Errorf("%s: %s points at %q, want %q", stack.Name, g.Name, got, want)
			}
		}
	}
}

func TestStagingRoots_AreTwoAuthorities(t *testing.T) {
	pool := x509.NewCertPool()
	text := []byte(objects.StagingRoots().Data["ca.crt"])
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
		if got := objects.RecordType(target); got != want {
			t.Errorf("%s is %s, want %s", target, got, want)
		}
	}
}

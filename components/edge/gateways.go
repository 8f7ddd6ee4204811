package edge

import (
	"fmt"
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// Annotations that configure external-dns
// (https://kubernetes-sigs.github.io/external-dns/latest/docs/annotations/annotations/).
const (
	targetAnnotation     = "external-dns.alpha.kubernetes.io/target"
	hostnameAnnotation   = "external-dns.alpha.kubernetes.io/hostname"
	controllerAnnotation = "external-dns.alpha.kubernetes.io/controller"
)

// gatewaySteps come once Cilium's operator serves gateways. Their certificate may come
// later.
func gatewaySteps(stack *spec.Stack) plan.Steps {
	all := gateways(stack)
	redirect := plan.Step{Name: "redirect", Object: redirectToHTTPS(all)}
	var steps plan.Steps
	for _, gateway := range all {
		step := plan.Step{
			Name:   "gateway-" + gateway.Name,
			Object: gateway,
			After:  []string{stepNetworkNamespace},
			Needs:  runningWithGateways(),
		}
		steps = append(steps, step)
		redirect.After = append(redirect.After, step.Name)
	}
	return append(steps, redirect)
}

// gateways are those that the stack has addresses for.
func gateways(stack *spec.Stack) []*gatewayv1.Gateway {
	var out []*gatewayv1.Gateway
	if addrs := stack.Edge.Gateways.Internal; len(addrs) > 0 {
		out = append(out, internalGateway(stack, addrs))
	}
	if addrs := stack.Edge.Gateways.External; len(addrs) > 0 {
		out = append(out, externalGateway(stack, addrs))
	}
	return out
}

// internalGateway takes routes of every namespace: whoever may write a route may
// publish it to the home network.
func internalGateway(stack *spec.Stack, addrs []netip.Addr) *gatewayv1.Gateway {
	return gateway(stack, InternalGateway, addrs, gatewayv1.RouteNamespaces{From: ptr(gatewayv1.NamespacesFromAll)})
}

// externalGateway takes routes only of namespaces with the label labels.ExternalGateway.
// A route elsewhere that names this gateway by mistake is refused, not published.
func externalGateway(stack *spec.Stack, addrs []netip.Addr) *gatewayv1.Gateway {
	g := gateway(stack, ExternalGateway, addrs, gatewayv1.RouteNamespaces{
		From:     ptr(gatewayv1.NamespacesFromSelector),
		Selector: &metav1.LabelSelector{MatchLabels: map[string]string{labels.ExternalGateway: "true"}},
	})
	if published(stack) {
		// The names of routes are published as CNAMEs of this one, at home and on the
		// internet.
		g.Annotations = map[string]string{targetAnnotation: externalName(stack)}
		// The DNS servers of the home network find this name's address on the Service.
		g.Spec.Infrastructure.Annotations = map[gatewayv1.AnnotationKey]gatewayv1.AnnotationValue{
			hostnameAnnotation: gatewayv1.AnnotationValue(externalName(stack)),
		}
	}
	return g
}

func gateway(stack *spec.Stack, name string, addrs []netip.Addr, from gatewayv1.RouteNamespaces) *gatewayv1.Gateway {
	g := &gatewayv1.Gateway{
		TypeMeta:   metav1.TypeMeta{APIVersion: gatewayv1.GroupVersion.String(), Kind: "Gateway"},
		ObjectMeta: named(Namespace, name),
		Spec: gatewayv1.GatewaySpec{
			GatewayClassName: "cilium",
			Infrastructure: &gatewayv1.GatewayInfrastructure{
				// Cilium gives the addresses of gateways to nothing else.
				Labels: map[gatewayv1.LabelKey]gatewayv1.LabelValue{labels.Pool: labels.PoolGateways},
			},
			Listeners: []gatewayv1.Listener{
				httpListener(),
				httpsListener("https", "*."+stack.Cluster.Domain, from),
				httpsListener("https-apex", stack.Cluster.Domain, from),
			},
		},
	}
	for i, domain := range stack.Edge.Domains {
		g.Spec.Listeners = append(g.Spec.Listeners,
			httpsListener(fmt.Sprintf("https-%d", i+2), "*."+domain.Name, from),
			httpsListener(fmt.Sprintf("https-apex-%d", i+2), domain.Name, from))
	}
	for _, addr := range addrs {
		g.Spec.Addresses = append(g.Spec.Addresses, gatewayv1.GatewaySpecAddress{
			Type: ptr(gatewayv1.IPAddressType), Value: addr.String(),
		})
	}
	return g
}

// httpListener takes the redirect's route alone, which is in the gateways' namespace.
func httpListener() gatewayv1.Listener {
	return gatewayv1.Listener{
		Name: "http", Protocol: gatewayv1.HTTPProtocolType, Port: 80,
		AllowedRoutes: &gatewayv1.AllowedRoutes{
			Namespaces: &gatewayv1.RouteNamespaces{From: ptr(gatewayv1.NamespacesFromSame)},
		},
	}
}

// httpsListener has a hostname, so that no route can claim a name that the
// certificate is not for.
func httpsListener(name, host string, from gatewayv1.RouteNamespaces) gatewayv1.Listener {
	return gatewayv1.Listener{
		Name: gatewayv1.SectionName(name), Protocol: gatewayv1.HTTPSProtocolType, Port: 443,
		Hostname:      ptr(gatewayv1.Hostname(host)),
		AllowedRoutes: &gatewayv1.AllowedRoutes{Namespaces: &from},
		TLS: &gatewayv1.ListenerTLSConfig{
			Mode:            ptr(gatewayv1.TLSModeTerminate),
			CertificateRefs: []gatewayv1.SecretObjectReference{{Name: certificateSecret}},
		},
	}
}

// redirectToHTTPS answers every request in plain http with a redirect to https.
func redirectToHTTPS(gateways []*gatewayv1.Gateway) *gatewayv1.HTTPRoute {
	route := &gatewayv1.HTTPRoute{
		TypeMeta:   metav1.TypeMeta{APIVersion: gatewayv1.GroupVersion.String(), Kind: "HTTPRoute"},
		ObjectMeta: named(Namespace, "redirect-to-https"),
		Spec: gatewayv1.HTTPRouteSpec{Rules: []gatewayv1.HTTPRouteRule{{
			Filters: []gatewayv1.HTTPRouteFilter{{
				Type: gatewayv1.HTTPRouteFilterRequestRedirect,
				RequestRedirect: &gatewayv1.HTTPRequestRedirectFilter{
					Scheme: ptr("https"), StatusCode: ptr(301),
				},
			}},
		}}},
	}
	// external-dns leaves it out: it has no host names of its own.
	route.Annotations = map[string]string{controllerAnnotation: "none"}
	for _, g := range gateways {
		route.Spec.ParentRefs = append(route.Spec.ParentRefs, gatewayv1.ParentReference{
			Name: gatewayv1.ObjectName(g.Name), SectionName: ptr(gatewayv1.SectionName("http")),
		})
	}
	return route
}

func ptr[T any](v T) *T { return &v }

package flows

import (
	"errors"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// route is what HTTPRoutes and GRPCRoutes have in common.
type route struct {
	name      string
	namespace string
	gateways  []string
	backends  []gatewayv1.BackendObjectReference
}

func (r route) String() string { return "the route " + r.namespace + "/" + r.name + " leads there" }

func (c *Cluster) httpRoutes() []route {
	var all []route
	for _, o := range c.Others["HTTPRoute.gateway.networking.k8s.io"] {
		if r, err := as[gatewayv1.HTTPRoute](o); err == nil {
			found := routeOf(o, r.Spec.ParentRefs)
			for _, rule := range r.Spec.Rules {
				for _, ref := range rule.BackendRefs {
					found.backends = append(found.backends, ref.BackendObjectReference)
				}
			}
			all = append(all, found)
		}
	}
	for _, o := range c.Others["GRPCRoute.gateway.networking.k8s.io"] {
		if r, err := as[gatewayv1.GRPCRoute](o); err == nil {
			found := routeOf(o, r.Spec.ParentRefs)
			for _, rule := range r.Spec.Rules {
				for _, ref := range rule.BackendRefs {
					found.backends = append(found.backends, ref.BackendObjectReference)
				}
			}
			all = append(all, found)
		}
	}
	return all
}

func routeOf(o *unstructured.Unstructured, parents []gatewayv1.ParentReference) route {
	r := route{name: o.GetName(), namespace: o.GetNamespace()}
	for _, parent := range parents {
		r.gateways = append(r.gateways, string(parent.Name))
	}
	return r
}

// targets are where a route's requests end; the error tells which of its backends lead nowhere.
func (c *Cluster) targets(r route) ([]target, error) {
	var all []target
	var errs []error
	for _, ref := range r.backends {
		if ref.Kind != nil && *ref.Kind != "Service" {
			continue
		}
		namespace := r.namespace
		if ref.Namespace != nil {
			namespace = string(*ref.Namespace)
		}
		number := int32(0)
		if ref.Port != nil {
			number = *ref.Port
		}
		found, err := c.behind(namespace, string(ref.Name), number)
		all, errs = append(all, found...), append(errs, err)
	}
	return all, errors.Join(errs...)
}

// routes lets gateways reach what routes lead to, the home reach gateways, and the tunnel's connector both.
func (c *Cluster) routes(l *list) {
	for _, port := range []uint16{80, 443} {
		if len(c.Others["Gateway.gateway.networking.k8s.io"]) == 0 {
			break
		}
		for _, from := range c.home() {
			l.need(from, tcp(port, gateway), "the home asks gateways")
		}
		for _, from := range []End{ownNode, otherNode} {
			l.need(from, tcp(port, gateway), "what runs on nodes asks gateways")
		}
	}
	for _, r := range c.httpRoutes() {
		why := r.String()
		found, err := c.targets(r)
		l.lost(why, err)
		for _, to := range found {
			l.need(gateway, to, why)
			if !slices.Contains(r.gateways, externalGateway) {
				continue
			}
			for _, connector := range c.connectors() {
				l.need(End{Pod: connector}, tcp(443, gateway), "the public comes by the tunnel")
				for _, end := range to.ends {
					l.add(Flow{
						From: End{Pod: connector}, To: end, Protocol: to.protocol, Port: to.port, Wanted: true, SourceAsks: true,
						Why: why + ", for whom the tunnel lets in",
					})
				}
			}
		}
	}
}

// externalGateway is the one that the public reaches.
const externalGateway = "external"

// connectors are the pods of a tunnel.
func (c *Cluster) connectors() []*Pod { return c.pods("network", "app.kubernetes.io/name=cloudflared") }

func mustPort(text string) uint16 {
	number, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		panic(err)
	}
	return uint16(number)
}

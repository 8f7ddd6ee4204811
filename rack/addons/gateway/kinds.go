package gateway

import (
	"slices"

	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
)

// controllerName is what a class names to have Cilium serve it.
const controllerName = "io.cilium/gateway-controller"

// The kinds of the Gateway API.
var (
	Classes    = of("gatewayclasses")
	Gateways   = of("gateways")
	HTTPRoutes = of("httproutes")
	GRPCRoutes = of("grpcroutes")
	TLSRoutes  = of("tlsroutes")
	TCPRoutes  = of("tcproutes")
	UDPRoutes  = of("udproutes")
	Grants     = of("referencegrants")
	Policies   = of("backendtlspolicies")
)

func of(resource string) cluster.Kind {
	return cluster.Kind{Group: gatewayio.GroupName, Version: "v1", Resource: resource}
}

// required are the kinds without which the operator serves no gateway.
var required = []cluster.Kind{Classes, Gateways, HTTPRoutes, GRPCRoutes, TLSRoutes, Grants, Policies}

// routeKind is what the controller has to know of a kind of routes.
type routeKind struct {
	kind      cluster.Kind
	name      string
	protocols []string
}

var routeKinds = []routeKind{
	{HTTPRoutes, "HTTPRoute", []string{gatewayio.HTTP, gatewayio.HTTPS}},
	{GRPCRoutes, "GRPCRoute", []string{gatewayio.HTTP, gatewayio.HTTPS}},
	{TLSRoutes, "TLSRoute", []string{gatewayio.TLS}},
	{TCPRoutes, "TCPRoute", []string{gatewayio.TCP}},
	{UDPRoutes, "UDPRoute", []string{gatewayio.UDP}},
}

// speaks reports whether routes of the kind go with a protocol.
func (k routeKind) speaks(protocol string) bool { return slices.Contains(k.protocols, protocol) }

package gateway

import (
	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
)

// controllerName is what a class names to have Cilium serve it.
const controllerName = "io.cilium/gateway-controller"

// The kinds of the Gateway API.
var (
	Classes    = cluster.Kind{Group: gatewayio.GroupName, Version: "v1", Resource: "gatewayclasses"}
	Gateways   = cluster.Kind{Group: gatewayio.GroupName, Version: "v1", Resource: "gateways"}
	HTTPRoutes = cluster.Kind{Group: gatewayio.GroupName, Version: "v1", Resource: "httproutes"}
	GRPCRoutes = cluster.Kind{Group: gatewayio.GroupName, Version: "v1", Resource: "grpcroutes"}
	TLSRoutes  = cluster.Kind{Group: gatewayio.GroupName, Version: "v1alpha2", Resource: "tlsroutes"}
	Grants     = cluster.Kind{Group: gatewayio.GroupName, Version: "v1beta1", Resource: "referencegrants"}
)

// required are the kinds without which the operator serves no gateway.
var required = []cluster.Kind{Classes, Gateways, HTTPRoutes, GRPCRoutes, Grants}

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
}

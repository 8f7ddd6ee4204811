// Package gateway is a stand-in for the Gateway API controller of Cilium's operator
// (https://docs.cilium.io/en/stable/network/servicemesh/gateway-api/gateway-api/): it accepts GatewayClasses, makes the Service
// of each Gateway, and tells Gateways and routes in the operator's own words what is wrong with them. As the operator does, it
// looks for the Gateway API's kinds once when a pod of the operator starts, and without them it stays away until another starts.
//
// Left out: Envoy's configuration and the Service's placeholder endpoints, so no request is answered; the copies of certificates in
// the namespace that Envoy reads them from; the features that a class says it has; CiliumGatewayClassConfig, whose classes get no
// status; ListenerSets, BackendTLSPolicies, and imported Services; what a route's filters name and change; names too long for a
// Service; GAMMA, where a route's parent is a Service.
package gateway

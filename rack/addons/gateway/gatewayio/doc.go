// Package gatewayio holds the kinds of the Gateway API, as far as its controller reads and fills them in
// (https://gateway-api.sigs.k8s.io/reference/spec/).
//
// They are written here because the controller treats all kinds of routes alike, and reads a tenth of the API's own types.
package gatewayio

// GroupName is the API group.
const GroupName = "gateway.networking.k8s.io"

// Package gatewayapi obtains the kinds of the Gateway API from its releases
// (https://gateway-api.sigs.k8s.io).
package gatewayapi

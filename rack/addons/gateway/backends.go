package gateway

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
)

// unresolved is what is wrong with the route's backends; the reason is empty when nothing is. What stands in another namespace
// without its leave hides the rest, as with the operator.
func (p *pass) unresolved(r *route) (reason string, message string) {
	var backends []gatewayio.Backend
	for _, rule := range r.Spec.Rules {
		backends = append(backends, rule.BackendRefs...)
	}
	for _, b := range backends {
		namespace := namespaceOr(b.Namespace, r.Namespace)
		if namespace != r.Namespace && !p.granted(r.kind.name, r.Namespace, "Service", namespace, b.Name) {
			return gatewayio.ReasonRefNotPermitted, "Cross namespace references are not allowed"
		}
	}
	for _, b := range backends {
		switch {
		case b.Group != nil && *b.Group != "" || b.Kind != nil && *b.Kind != "Service":
			reason, message = gatewayio.ReasonInvalidKind, "Unsupported backend kind "+kindName(b)
		case b.Port == nil:
			reason, message = gatewayio.ReasonInvalidKind, "Must have port for backend object reference"
		}
	}
	if reason != "" {
		return reason, message
	}
	for _, b := range backends {
		namespace := namespaceOr(b.Namespace, r.Namespace)
		service := cluster.Find[corev1.Service](p.Cluster, cluster.Services, namespace, b.Name)
		switch {
		case service == nil:
			reason, message = gatewayio.ReasonBackendNotFound, fmt.Sprintf("Service %q not found", b.Name)
		case !slices.ContainsFunc(service.Spec.Ports, func(port corev1.ServicePort) bool { return port.Port == *b.Port }):
			reason = gatewayio.ReasonBackendNotFound
			message = fmt.Sprintf("Service port %d could not be resolved for backend %s/%s", *b.Port, namespace, b.Name)
		}
	}
	return reason, message
}

func kindName(b gatewayio.Backend) string {
	if b.Kind == nil {
		return "Service"
	}
	return *b.Kind
}

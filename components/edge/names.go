package edge

import (
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/spec"
)

// Where the gateways are in the cluster.
const (
	// Namespace holds the gateways and what publishes their names.
	Namespace = labels.GatewayNamespace
	// InternalGateway and ExternalGateway are the names of the Gateways.
	InternalGateway = labels.GatewayInternal
	ExternalGateway = labels.GatewayExternal
)

const (
	// certManagerNamespace holds cert-manager, and the Secrets that cluster issuers
	// refer to.
	certManagerNamespace = "cert-manager"

	// certificateSecret, in Namespace, is the certificate of both gateways.
	certificateSecret = "gateways-tls"
	// caSecret, in certManagerNamespace, is the certificate and key of the home's own CA.
	caSecret = "home-ops-ca"

	// tokenKey is the key of a Secret with a token.
	tokenKey = "api-token"
	// unifiKey is the Secret with the API key of the UniFi gateway, and unifiKeyKey its
	// key.
	unifiKey    = "unifi-api-key"
	unifiKeyKey = "api-key"
	// tunnelToken is the Secret with which a connector runs the tunnel; its key is
	// tokenKey.
	tunnelToken = "cloudflared"
)

// Enabled reports whether a stack has gateways, and so anything of this package.
func Enabled(stack *spec.Stack) bool {
	return len(stack.Edge.Gateways.Internal)+len(stack.Edge.Gateways.External) > 0
}

// published reports whether names of the external gateway are published on the internet.
func published(stack *spec.Stack) bool {
	return stack.Edge.Exposure != spec.ExposureNone && len(stack.Edge.PublicZones()) > 0
}

// tunnelled reports whether a tunnel leads to the external gateway.
func tunnelled(stack *spec.Stack) bool { return stack.Edge.Exposure == spec.ExposureTunnel }

// externalName is the public name that leads to the external gateway. The names of
// applications point at it, so that only this one changes with the exposure.
func externalName(stack *spec.Stack) string { return "external." + stack.Cluster.Domain }

// gatewayService is the host of a gateway's Service, which Cilium makes.
func gatewayService(stack *spec.Stack, gateway string) string {
	return "cilium-gateway-" + gateway + "." + Namespace + ".svc." + stack.Cluster.DNSDomain
}

// recordType is the type of a DNS record that leads to a target.
func recordType(target string) string {
	addr, err := netip.ParseAddr(target)
	switch {
	case err != nil:
		return "CNAME"
	case addr.Is4():
		return "A"
	default:
		return "AAAA"
	}
}

func named(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

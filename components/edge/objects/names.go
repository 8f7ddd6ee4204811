package objects

import (
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/spec"
)

// Where things are in the cluster.
const (
	// Namespace holds the gateways and what publishes them.
	Namespace = "network"
	// CertManagerNamespace holds cert-manager, and the Secrets that cluster issuers
	// refer to.
	CertManagerNamespace = "cert-manager"

	// InternalGateway and ExternalGateway are the names of the Gateways.
	InternalGateway = "internal"
	ExternalGateway = "external"
	// CertificateSecret, in Namespace, is the certificate of both.
	CertificateSecret = "gateways-tls"

	// CloudflareToken is the Secret with the API token for the zone's records, in both
	// namespaces, and TokenKey its key.
	CloudflareToken = "cloudflare-api-token"
	TokenKey        = "api-token"
	// UniFiKey is the Secret with the API key of the UniFi gateway, and KeyKey its key.
	UniFiKey = "unifi-api-key"
	KeyKey   = "api-key"
	// TunnelToken is the Secret with what lets a connector run the tunnel; its key is
	// TokenKey.
	TunnelToken = "cloudflared"
	// AuthoritySecret, in CertManagerNamespace, is the certificate and key of the
	// home's own authority.
	AuthoritySecret = "home-ops-ca"
)

// Wanted reports whether a stack has anything to be reached by.
func Wanted(stack *spec.Stack) bool {
	return len(stack.Edge.Gateways.Internal)+len(stack.Edge.Gateways.External) > 0
}

// ExternalName is the public name that leads to the external gateway. The names of
// applications point at it, so that only this one changes with the way in.
func ExternalName(stack *spec.Stack) string { return "external." + stack.Cluster.Domain }

// RecordType is the type of a DNS record that leads to a target.
func RecordType(target string) string {
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

// Published reports whether names of the external gateway are published to the
// world.
func Published(stack *spec.Stack) bool {
	return stack.Edge.Exposure != spec.ExposureNone && stack.Edge.Cloudflare != nil
}

// Tunnelled reports whether a tunnel leads to the external gateway.
func Tunnelled(stack *spec.Stack) bool { return stack.Edge.Exposure == spec.ExposureTunnel }

// GatewayService is the host of a gateway's Service, which Cilium makes.
func GatewayService(stack *spec.Stack, gateway string) string {
	return "cilium-gateway-" + gateway + "." + Namespace + ".svc." + stack.Cluster.DNSDomain
}

func named(namespace, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name}
}

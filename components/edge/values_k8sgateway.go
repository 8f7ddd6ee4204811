package edge

import (
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/spec"
)

// addressAnnotation asks Cilium for fixed addresses
// (https://docs.cilium.io/en/stable/network/lb-ipam/#requesting-ips).
const addressAnnotation = "lbipam.cilium.io/ips"

type k8sGateway struct {
	Domain           string      `json:"domain"`
	Replicas         int         `json:"replicaCount"`
	Service          service     `json:"service"`
	Fallthrough      fallThrough `json:"fallthrough"`
	ExtraZonePlugins []plugin    `json:"extraZonePlugins"`
}

type service struct {
	Labels         map[string]string     `json:"labels"`
	Annotations    map[string]string     `json:"annotations"`
	IPFamilyPolicy corev1.IPFamilyPolicy `json:"ipFamilyPolicy"`
	IPFamilies     []corev1.IPFamily     `json:"ipFamilies"`
}

type fallThrough struct {
	Enabled bool `json:"enabled"`
}

// plugin is one of CoreDNS's, of which k8s-gateway is a build.
type plugin struct {
	Name       string `json:"name"`
	Parameters string `json:"parameters,omitempty"`
	Block      string `json:"configBlock,omitempty"`
}

// k8sGatewayValues are the values of k8s-gateway's chart. It answers for the domain
// alone: it is no resolver for everything.
func k8sGatewayValues(stack *spec.Stack) (map[string]any, error) {
	v := k8sGateway{
		// The chart writes them into CoreDNS's file as they are, where several zones stand side by side.
		Domain:   strings.Join(stack.Domains(), " "),
		Replicas: upToTwo(stack),
		Service:  serviceAt(stack.Edge.Gateways.DNS),
		ExtraZonePlugins: []plugin{
			{Name: "errors"},
			{Name: "health", Block: "lameduck 5s"},
			{Name: "ready"},
			{Name: "prometheus", Parameters: ":9153"},
			{Name: "reload"},
			{Name: "loadbalance"},
		},
	}
	if len(stack.Edge.PublicZones()) > 0 {
		// Public DNS has names of the domain that the cluster does not know: those of its
		// mail servers, say. They are asked for over TLS, so that no router on the way can
		// send the question back here.
		v.Fallthrough.Enabled = true
		for _, domain := range stack.Domains() {
			v.ExtraZonePlugins = append(v.ExtraZonePlugins, plugin{
				Name:       "forward",
				Parameters: domain + " " + publicResolvers(stack.Network),
				Block:      "tls_servername cloudflare-dns.com",
			})
		}
	}
	return valuesOver("k8s-gateway.yaml", v)
}

// serviceAt is a Service with these addresses of the gateways' pool.
func serviceAt(addrs []netip.Addr) service {
	s := service{
		Labels:         map[string]string{labels.Pool: labels.PoolGateways},
		IPFamilyPolicy: corev1.IPFamilyPolicySingleStack,
	}
	var texts []string
	for _, addr := range addrs {
		texts = append(texts, addr.String())
		family := corev1.IPv4Protocol
		if addr.Is6() {
			family = corev1.IPv6Protocol
		}
		s.IPFamilies = append(s.IPFamilies, family)
	}
	if len(addrs) > 1 {
		s.IPFamilyPolicy = corev1.IPFamilyPolicyRequireDualStack
	}
	s.Annotations = map[string]string{addressAnnotation: strings.Join(texts, ",")}
	return s
}

// publicResolvers are those of Cloudflare, in families that the cluster has.
func publicResolvers(network spec.Network) string {
	if _, has4 := network.PodCIDR4(); has4 {
		return "tls://1.1.1.1 tls://1.0.0.1"
	}
	return "tls://2606:4700:4700::1111 tls://2606:4700:4700::1001"
}

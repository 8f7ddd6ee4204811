package gateway

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
)

// addressAnnotation is what the operator puts a Gateway's addresses into: the older of the two names.
const addressAnnotation = "io.cilium/lb-ipam-ips"

// config is what the operator is told about gateways.
type config struct {
	enabled   bool
	four, six bool
	policy    corev1.ServiceExternalTrafficPolicy
}

// configOf reads the operator's ConfigMap. A chart without one does not say that gateways are off; the families are then those
// of the pods.
func configOf(c *cluster.Cluster) config {
	settings := cluster.Find[corev1.ConfigMap](c, cluster.ConfigMaps, metav1.NamespaceSystem, "cilium-config")
	if settings == nil {
		settings = &corev1.ConfigMap{}
	}
	four, six := podFamilies(c)
	flag := func(name string, otherwise bool) bool {
		text, ok := settings.Data[name]
		return !ok && otherwise || text == "true"
	}
	return config{
		enabled: flag("enable-gateway-api", len(settings.Data) == 0),
		four:    flag("enable-ipv4", four), six: flag("enable-ipv6", six),
		policy: corev1.ServiceExternalTrafficPolicy(cmp.Or(settings.Data["gateway-api-service-externaltrafficpolicy"], "Cluster")),
	}
}

func podFamilies(c *cluster.Cluster) (four, six bool) {
	for _, node := range cluster.Read[corev1.Node](c, cluster.Nodes) {
		for _, cidr := range node.Typed.Spec.PodCIDRs {
			if strings.Contains(cidr, ":") {
				six = true
			} else {
				four = true
			}
		}
	}
	return four || !six, six
}

// serviceOf is the Service of a Gateway.
func serviceOf(g *gatewayio.Gateway, settings config) *corev1.Service {
	labels := map[string]string{"io.cilium.gateway/owning-gateway": g.Name, "gateway.networking.k8s.io/gateway-name": g.Name}
	annotations := map[string]string{}
	if infrastructure := g.Spec.Infrastructure; infrastructure != nil {
		for key, value := range infrastructure.Labels {
			labels[key] = value
		}
		for key, value := range infrastructure.Annotations {
			annotations[key] = value
		}
	}
	var addresses []string
	for _, address := range g.Spec.Addresses {
		addresses = append(addresses, address.Value)
	}
	if len(addresses) > 0 && annotations[addressAnnotation] == "" {
		annotations[addressAnnotation] = strings.Join(addresses, ",")
	}
	controller := true
	s := &corev1.Service{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{
			Name: "cilium-gateway-" + g.Name, Namespace: g.Namespace, Labels: labels, Annotations: annotations,
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: gatewayio.GroupName + "/v1beta1", Kind: "Gateway", Name: g.Name, UID: g.UID, Controller: &controller,
			}},
		},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, ExternalTrafficPolicy: settings.policy, Ports: ports(g)},
	}
	if settings.four {
		s.Spec.IPFamilies = append(s.Spec.IPFamilies, corev1.IPv4Protocol)
	}
	if settings.six {
		s.Spec.IPFamilies = append(s.Spec.IPFamilies, corev1.IPv6Protocol)
	}
	if settings.four && settings.six {
		both := corev1.IPFamilyPolicyPreferDualStack
		s.Spec.IPFamilyPolicy = &both
	}
	return s
}

func ports(g *gatewayio.Gateway) []corev1.ServicePort {
	numbers := map[int32]bool{}
	for _, l := range g.Spec.Listeners {
		if len(supported(l.Protocol)) > 0 {
			numbers[l.Port] = true
		}
	}
	var list []corev1.ServicePort
	for _, number := range slices.Sorted(maps.Keys(numbers)) {
		list = append(list, corev1.ServicePort{Name: "port-" + strconv.Itoa(int(number)), Port: number, Protocol: corev1.ProtocolTCP})
	}
	return list
}

// unsupported is why the operator cannot ask a pool for the Gateway's addresses; empty when it can.
func unsupported(g *gatewayio.Gateway) string {
	for _, address := range g.Spec.Addresses {
		switch {
		case address.Type != nil && *address.Type != gatewayio.IPAddressType:
			return "address type is not supported"
		case address.Value == "":
			return "address value is not set"
		}
		if _, err := netip.ParseAddr(address.Value); err != nil {
			return "invalid ip address"
		}
	}
	return ""
}

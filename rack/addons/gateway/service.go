package gateway

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cilium"
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

// configOf reads the operator's ConfigMap.
func configOf(c *cluster.Cluster) config {
	settings := cilium.SettingsOf(c)
	four, six := settings.Families()
	return config{
		// Gateways need what takes the place of kube-proxy.
		enabled: settings.On("enable-gateway-api", false) && settings.On("kube-proxy-replacement", false),
		four:    four, six: six,
		policy: corev1.ServiceExternalTrafficPolicy(cmp.Or(settings["gateway-api-service-externaltrafficpolicy"], "Cluster")),
	}
}

// serviceName is that of a Gateway's Service.
func serviceName(g *gatewayio.Gateway) string { return "cilium-gateway-" + g.Name }

// serviceOf is the Service of a Gateway, for those of its listeners that can be served.
func serviceOf(g *gatewayio.Gateway, listeners []gatewayio.Listener, settings config) *corev1.Service {
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
			Name: serviceName(g), Namespace: g.Namespace, Labels: labels, Annotations: annotations,
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: gatewayio.GroupName + "/v1", Kind: "Gateway", Name: g.Name, UID: g.UID, Controller: &controller,
			}},
		},
		Spec: corev1.ServiceSpec{Type: corev1.ServiceTypeLoadBalancer, ExternalTrafficPolicy: settings.policy, Ports: ports(listeners)},
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

// ensure makes a Service what it shall be: what somebody has added to its specification goes, labels and annotations stay.
func (p *pass) ensure(desired *corev1.Service) error {
	have := p.Get(cluster.Services, desired.Namespace, desired.Name)
	if service, err := cluster.As[corev1.Service](have); err == nil && service != nil {
		added := slices.ContainsFunc(service.Spec.Ports, func(port corev1.ServicePort) bool {
			return !slices.ContainsFunc(desired.Spec.Ports, func(d corev1.ServicePort) bool { return d.Name == port.Name && d.Port == port.Port })
		})
		if added || len(service.Spec.Selector) > 0 {
			change := map[string]any{"spec": map[string]any{"ports": desired.Spec.Ports, "selector": nil}}
			if err := p.Merge(p.ctx, cluster.Services, have, change); err != nil {
				return err
			}
		}
	}
	return p.Apply(p.ctx, cluster.Services, desired)
}

func ports(listeners []gatewayio.Listener) []corev1.ServicePort {
	var list []corev1.ServicePort
	for _, l := range listeners {
		port := corev1.ServicePort{Name: "port-" + strconv.Itoa(int(l.Port)), Port: l.Port, Protocol: corev1.ProtocolTCP}
		if l.Protocol == gatewayio.UDP {
			port.Name, port.Protocol = port.Name+"-udp", corev1.ProtocolUDP
		}
		if !slices.Contains(list, port) {
			list = append(list, port)
		}
	}
	slices.SortFunc(list, func(a, b corev1.ServicePort) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), cmp.Compare(a.Protocol, b.Protocol))
	})
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

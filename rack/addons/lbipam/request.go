package lbipam

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/home-ops/home-ops/rack/addons/cilium"
)

// The annotations of a Service, each with its older name.
var (
	addressAnnotations   = []string{"lbipam.cilium.io/ips", "io.cilium/lb-ipam-ips"}
	sharingAnnotations   = []string{"lbipam.cilium.io/sharing-key", "io.cilium/lb-ipam-sharing-key"}
	namespaceAnnotations = []string{"lbipam.cilium.io/sharing-cross-namespace", "io.cilium/lb-ipam-sharing-cross-namespace"}
)

// classes are the load balancers that Cilium is, each while a setting is on.
var classes = map[string]string{
	"io.cilium/bgp-control-plane": "enable-bgp-control-plane",
	"io.cilium/l2-announcer":      "enable-l2-announcements",
}

// request is what a Service wants.
type request struct {
	service *corev1.Service
	labels  labels.Set
	// wanted are the addresses that it asks for by name; without them it gets one of each family.
	wanted     []netip.Addr
	four, six  bool
	key        string
	namespaces []string
	// given is what it has.
	given []netip.Addr
}

// ours reports whether Cilium is the Service's load balancer.
func ours(s *corev1.Service, settings cilium.Settings) bool {
	switch {
	case s.Spec.Type != corev1.ServiceTypeLoadBalancer:
		return false
	case s.Spec.LoadBalancerClass == nil:
		return cmp.Or(settings["default-lb-service-ipam"], "lbipam") == "lbipam"
	}
	setting, known := classes[*s.Spec.LoadBalancerClass]
	return known && settings.On(setting, false)
}

func requestOf(s *corev1.Service, settings cilium.Settings) *request {
	r := &request{service: s, labels: labels.Set{}, key: annotation(s, sharingAnnotations)}
	maps.Copy(r.labels, s.Labels)
	r.labels["io.kubernetes.service.name"], r.labels["io.kubernetes.service.namespace"] = s.Name, s.Namespace
	for _, text := range append([]string{s.Spec.LoadBalancerIP}, strings.Split(annotation(s, addressAnnotations), ",")...) {
		// What is no address the operator writes to its log, and goes on.
		if address, err := netip.ParseAddr(strings.TrimSpace(text)); err == nil && !slices.Contains(r.wanted, address) {
			r.wanted = append(r.wanted, address)
		}
	}
	if text := annotation(s, namespaceAnnotations); text != "" {
		r.namespaces = strings.Split(text, ",")
	}
	r.four, r.six = families(s, settings)
	return r
}

// families are those of which the Service wants an address. The API server has filled in its list of them.
func families(s *corev1.Service, settings cilium.Settings) (four, six bool) {
	four, six = settings.Families()
	wanted := s.Spec.IPFamilies
	switch policy := s.Spec.IPFamilyPolicy; {
	case policy == nil || *policy == corev1.IPFamilyPolicySingleStack:
		// The first one is asked for whether Cilium runs with it or not.
		six = len(wanted) > 0 && wanted[0] == corev1.IPv6Protocol || len(wanted) == 0 && !four && six
		return !six, six
	case *policy == corev1.IPFamilyPolicyPreferDualStack && len(wanted) > 0:
		return four && slices.Contains(wanted, corev1.IPv4Protocol), six && slices.Contains(wanted, corev1.IPv6Protocol)
	}
	return four, six
}

func annotation(s *corev1.Service, names []string) string {
	return cmp.Or(s.Annotations[names[0]], s.Annotations[names[1]])
}

// wants reports whether the Service may keep an address.
func (r *request) wants(a netip.Addr) bool {
	if len(r.wanted) > 0 {
		return slices.Contains(r.wanted, a)
	}
	return a.Is4() && r.four || a.Is6() && r.six
}

// has reports whether the Service has an address of the family.
func (r *request) has(six bool) bool {
	return slices.ContainsFunc(r.given, func(a netip.Addr) bool { return a.Is6() == six })
}

// satisfied reports whether the Service has all that it wants.
func (r *request) satisfied() bool {
	if len(r.wanted) > 0 {
		return !slices.ContainsFunc(r.wanted, func(a netip.Addr) bool { return !slices.Contains(r.given, a) })
	}
	return (!r.four || r.has(false)) && (!r.six || r.has(true))
}

// incompatible is why two Services cannot have one address, empty if they can.
func (r *request) incompatible(other *request) string {
	switch {
	case r.key != other.key:
		return "different sharing key"
	case r.service.Namespace != other.service.Namespace && (!r.lets(other) || !other.lets(r)):
		return "different and not permitted namespace"
	case r.samePort(other):
		return "same port and protocol"
	case r.service.Spec.ExternalTrafficPolicy != other.service.Spec.ExternalTrafficPolicy:
		return "different ExternalTrafficPolicy"
	case r.service.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal &&
		(len(r.service.Spec.Selector) == 0 || !maps.Equal(r.service.Spec.Selector, other.service.Spec.Selector)):
		return "compatible ExternalTrafficPolicy local but selecting different set of pods"
	}
	return ""
}

func (r *request) lets(other *request) bool {
	return slices.Contains(r.namespaces, "*") || slices.Contains(r.namespaces, other.service.Namespace)
}

func (r *request) samePort(other *request) bool {
	return slices.ContainsFunc(r.service.Spec.Ports, func(a corev1.ServicePort) bool {
		return slices.ContainsFunc(other.service.Spec.Ports, func(b corev1.ServicePort) bool {
			return a.Port == b.Port && a.Protocol == b.Protocol
		})
	})
}

package externaldns

import (
	"cmp"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"

	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
)

// What Gateways and routes tell external-dns
// (https://kubernetes-sigs.github.io/external-dns/latest/docs/annotations/annotations/).
const (
	annotations          = "external-dns.alpha.kubernetes.io/"
	targetAnnotation     = annotations + "target"
	hostnameAnnotation   = annotations + "hostname"
	controllerAnnotation = annotations + "controller"
	proxiedAnnotation    = annotations + "cloudflare-proxied"
)

// Endpoint is a name that is to lead somewhere.
type Endpoint struct {
	Name, Type string
	// Targets are in order.
	Targets []string
	Proxied bool
	// Resource is where it comes from, as kind/namespace/name.
	Resource string
}

// Endpoints are what the routes ask for, one for each name and type. That a route was accepted is for its Gateway's
// controller to say; external-dns's own look at namespaces comes to the same and is not played.
func Endpoints(a *Args, gateways []*gatewayio.Gateway, routes []*gatewayio.Route) []Endpoint {
	found := map[[2]string]Endpoint{}
	for _, route := range routes {
		if by, ok := route.Annotations[controllerAnnotation]; ok && by != "dns-controller" {
			continue
		}
		for name, targets := range targets(a, gateways, route) {
			if !a.mayTouch(name) {
				continue
			}
			for recordType, contents := range byType(targets) {
				e := Endpoint{
					Name: name, Type: recordType, Targets: contents, Proxied: a.Proxied,
					Resource: "httproute/" + route.Namespace + "/" + route.Name,
				}
				if own, ok := route.Annotations[proxiedAnnotation]; ok {
					e.Proxied = own == "true"
				}
				key := [2]string{name, recordType}
				if other, ok := found[key]; !ok || slices.Compare(e.Targets, other.Targets) < 0 {
					found[key] = e
				}
			}
		}
	}
	// A CNAME is beside no address.
	for key := range found {
		_, four := found[[2]string{key[0], "A"}]
		_, six := found[[2]string{key[0], "AAAA"}]
		if key[1] == "CNAME" && (four || six) {
			delete(found, key)
		}
	}
	return slices.SortedFunc(maps.Values(found), func(a, b Endpoint) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
	})
}

// targets are where each of a route's names leads: what its Gateways name, else their addresses.
func targets(a *Args, gateways []*gatewayio.Gateway, route *gatewayio.Route) map[string][]string {
	out := map[string][]string{}
	for _, parent := range route.Status.Parents {
		if !meta.IsStatusConditionTrue(parent.Conditions, gatewayio.Accepted) || !named(route, parent.ParentRef) {
			continue
		}
		namespace := or(parent.ParentRef.Namespace, route.Namespace)
		for _, gateway := range gateways {
			if gateway.Name != parent.ParentRef.Name || gateway.Namespace != namespace ||
				a.GatewayName != "" && a.GatewayName != gateway.Name ||
				a.GatewayNamespace != "" && a.GatewayNamespace != gateway.Namespace {
				continue
			}
			for _, listener := range gateway.Spec.Listeners {
				section := or(parent.ParentRef.SectionName, "")
				if section != "" && section != listener.Name || listener.Protocol != gatewayio.HTTP && listener.Protocol != gatewayio.HTTPS {
					continue
				}
				for _, name := range names(route) {
					if host, ok := overlap(or(listener.Hostname, ""), name); ok && host != "" {
						out[host] = append(out[host], leadsTo(gateway)...)
					}
				}
			}
		}
	}
	for host, list := range out {
		slices.Sort(list)
		out[host] = slices.Compact(list)
	}
	return out
}

// named reports whether the route still asks for a parent that its status has.
func named(route *gatewayio.Route, parent gatewayio.ParentReference) bool {
	same := func(asked gatewayio.ParentReference) bool {
		return asked.Name == parent.Name && or(asked.Namespace, route.Namespace) == or(parent.Namespace, route.Namespace)
	}
	return or(parent.Kind, "Gateway") == "Gateway" && or(parent.Group, gatewayio.GroupName) == gatewayio.GroupName &&
		slices.ContainsFunc(route.Spec.ParentRefs, same)
}

// names are those of a route; without any it has those of the listeners.
func names(route *gatewayio.Route) []string {
	list := slices.Clone(route.Spec.Hostnames)
	if len(list) == 0 {
		list = append(list, "")
	}
	return append(list, split(route.Annotations[hostnameAnnotation])...)
}

func leadsTo(gateway *gatewayio.Gateway) []string {
	if list := split(gateway.Annotations[targetAnnotation]); len(list) > 0 {
		return list
	}
	var list []string
	for _, address := range gateway.Status.Addresses {
		list = append(list, address.Value)
	}
	return list
}

// split reads a list out of an annotation.
func split(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSuffix(strings.TrimSpace(part), "."); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// overlap is the more exact of two names, one of which covers the other. An empty one covers all.
func overlap(a, b string) (string, bool) {
	covers := func(wide, name string) bool {
		suffix, wild := strings.CutPrefix(wide, "*")
		return wide == "" || wide == name || wild && strings.HasSuffix(name, suffix)
	}
	switch {
	case covers(a, b) && b != "":
		return strings.ToLower(b), true
	case covers(b, a):
		return strings.ToLower(a), true
	}
	return "", false
}

func byType(targets []string) map[string][]string {
	out := map[string][]string{}
	for _, target := range targets {
		recordType := "CNAME"
		if address, err := netip.ParseAddr(target); err == nil {
			recordType = map[bool]string{true: "A", false: "AAAA"}[address.Is4()]
		}
		out[recordType] = append(out[recordType], target)
	}
	return out
}

func or(value *string, otherwise string) string {
	if value == nil || *value == "" {
		return otherwise
	}
	return *value
}

package gateway

import (
	"fmt"
	"reflect"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
)

// route is a route of one of the kinds.
type route struct {
	*gatewayio.Route
	kind   routeKind
	object *unstructured.Unstructured
}

func (p *pass) readRoutes() []*route {
	var all []*route
	for _, kind := range routeKinds {
		for _, item := range cluster.Read[gatewayio.Route](p.Cluster, kind.kind) {
			all = append(all, &route{item.Typed, kind, item.Object})
		}
	}
	return all
}

// judge fills in what the route's status says about each of the gateways that it names, and reports whether it names one that is looked
// at: to others nothing is told.
func (p *pass) judge(r *route) bool {
	seen := false
	for _, ref := range r.Spec.ParentRefs {
		if g := p.gateway(r, ref); g != nil && p.refuses(g) == nil {
			seen = true
		}
	}
	if !seen {
		return false
	}
	// What other controllers say stays, and what is about a parent that the route no longer names goes.
	r.Status.Parents = slices.DeleteFunc(r.Status.Parents, func(s gatewayio.RouteParentStatus) bool {
		named := func(ref gatewayio.ParentReference) bool { return reflect.DeepEqual(ref, s.ParentRef) }
		return s.ControllerName == controllerName && !slices.ContainsFunc(r.Spec.ParentRefs, named)
	})
	for _, ref := range r.Spec.ParentRefs {
		if g := p.gateway(r, ref); g != nil {
			p.tell(r, ref, g)
		}
	}
	return true
}

// gateway is the one that a route's parent is, nil if it is none of Cilium's.
func (p *pass) gateway(r *route, ref gatewayio.ParentReference) *gatewayio.Gateway {
	if !inGroup(ref.Group) || ref.Kind != nil && *ref.Kind != "Gateway" {
		return nil
	}
	return p.gateways[namespaceOr(ref.Namespace, r.Namespace)+"/"+ref.Name]
}

func (p *pass) tell(r *route, ref gatewayio.ParentReference, g *gatewayio.Gateway) {
	i := slices.IndexFunc(r.Status.Parents, func(s gatewayio.RouteParentStatus) bool { return reflect.DeepEqual(s.ParentRef, ref) })
	if i < 0 {
		i = len(r.Status.Parents)
		r.Status.Parents = append(r.Status.Parents, gatewayio.RouteParentStatus{ParentRef: ref, ControllerName: controllerName})
	}
	status := &r.Status.Parents[i]
	set := func(kind string, ok bool, reason string, message string) {
		meta.SetStatusCondition(&status.Conditions, metav1.Condition{
			Type: kind, Status: truth(ok), Reason: reason, Message: message, ObservedGeneration: r.Generation,
		})
	}
	if reason, message := p.refused(r, ref, g); reason != "" {
		set(gatewayio.Accepted, false, reason, message)
	} else {
		set(gatewayio.Accepted, true, gatewayio.Accepted, "Accepted "+r.kind.name)
	}
	if reason, message := p.unresolved(r); reason != "" {
		set(gatewayio.ResolvedRefs, false, reason, message)
	} else {
		set(gatewayio.ResolvedRefs, true, gatewayio.ResolvedRefs, "Service reference is valid")
	}
}

// refused is why a Gateway does not take a route; the reason is empty when it does.
func (p *pass) refused(r *route, ref gatewayio.ParentReference, g *gatewayio.Gateway) (string, string) {
	any := func(f func(gatewayio.Listener) bool) bool { return slices.ContainsFunc(g.Spec.Listeners, f) }
	switch {
	case !any(func(l gatewayio.Listener) bool { return r.kind.speaks(l.Protocol) }):
		return gatewayio.ReasonNotAllowedByListeners, fmt.Sprintf("No matching listener protocol; route requires one of: %s", r.kind.protocols)
	case any(func(l gatewayio.Listener) bool { return selects(ref, l) }) &&
		!any(func(l gatewayio.Listener) bool { return selects(ref, l) && r.kindOf(l) }):
		return gatewayio.ReasonNotAllowedByListeners, r.kind.name + " is not allowed to attach to this Gateway due to route kind restrictions"
	case ref.Port != nil && !any(func(l gatewayio.Listener) bool { return l.Port == *ref.Port }):
		return gatewayio.ReasonNoMatchingParent, fmt.Sprintf("No matching listener with port %d", *ref.Port)
	case !any(func(l gatewayio.Listener) bool { return meets(l, r.Spec.Hostnames, nil) }):
		return gatewayio.ReasonNoMatchingListenerHostname, "No matching listener hostname"
	case ref.SectionName != nil && !any(func(l gatewayio.Listener) bool { return l.Name == *ref.SectionName }):
		return gatewayio.ReasonNoMatchingParent, fmt.Sprintf("No matching listener with sectionName %s", *ref.SectionName)
	}
	return p.namespaceRefused(r, ref, g)
}

// kindOf reports whether a listener takes the route's kind, by what it says of kinds.
func (r *route) kindOf(l gatewayio.Listener) bool {
	return l.AllowedRoutes == nil || len(l.AllowedRoutes.Kinds) == 0 ||
		slices.ContainsFunc(l.AllowedRoutes.Kinds, func(k gatewayio.RouteKind) bool { return k.Kind == r.kind.name && inGroup(k.Group) })
}

func (p *pass) namespaceRefused(r *route, ref gatewayio.ParentReference, g *gatewayio.Gateway) (string, string) {
	restricted := false
	for _, l := range g.Spec.Listeners {
		if !selects(ref, l) || l.Hostname != nil && !meets(l, r.Spec.Hostnames, hostnames(g)) {
			continue
		}
		if p.namespaceAllowed(r.Namespace, g, l) {
			return "", ""
		}
		restricted = true
	}
	if !restricted {
		return "", ""
	}
	return gatewayio.ReasonNotAllowedByListeners, r.kind.name + " is not allowed to attach to this Gateway due to namespace restrictions"
}

// namespaceAllowed reports whether a listener takes routes of a namespace.
func (p *pass) namespaceAllowed(namespace string, g *gatewayio.Gateway, l gatewayio.Listener) bool {
	switch fromOf(l) {
	case gatewayio.FromAll:
		return true
	case gatewayio.FromSelector:
		selector, err := metav1.LabelSelectorAsSelector(l.AllowedRoutes.Namespaces.Selector)
		object := p.Get(cluster.Namespaces, "", namespace)
		return err == nil && object != nil && selector.Matches(labels.Set(object.GetLabels()))
	default:
		return namespace == g.Namespace
	}
}

func fromOf(l gatewayio.Listener) string {
	if l.AllowedRoutes == nil || l.AllowedRoutes.Namespaces == nil || l.AllowedRoutes.Namespaces.From == nil {
		return gatewayio.FromSame
	}
	return *l.AllowedRoutes.Namespaces.From
}

// attached reports whether a listener serves the route, as its Gateway counts it: a route whose backends are missing is served,
// with errors. Of a route that names the Gateway more than once, one place that took it is enough.
func (r *route) attached(p *pass, g *gatewayio.Gateway, l gatewayio.Listener) bool {
	taken := slices.ContainsFunc(r.Status.Parents, func(parent gatewayio.RouteParentStatus) bool {
		return p.gateway(r, parent.ParentRef) == g && meta.IsStatusConditionTrue(parent.Conditions, gatewayio.Accepted)
	})
	named := slices.ContainsFunc(r.Spec.ParentRefs, func(ref gatewayio.ParentReference) bool { return p.gateway(r, ref) == g && selects(ref, l) })
	return taken && named && r.goesWith(l) && p.namespaceAllowed(r.Namespace, g, l) && meets(l, r.Spec.Hostnames, nil)
}

// goesWith reports whether a listener serves routes of this kind: those that it names, or else those of its protocol.
func (r *route) goesWith(l gatewayio.Listener) bool {
	if l.AllowedRoutes == nil || len(l.AllowedRoutes.Kinds) == 0 {
		return r.kind.speaks(l.Protocol)
	}
	return r.kindOf(l)
}

// selects reports whether a route's parent is this listener, or any.
func selects(ref gatewayio.ParentReference, l gatewayio.Listener) bool {
	return (ref.SectionName == nil || *ref.SectionName == l.Name) && (ref.Port == nil || *ref.Port == l.Port)
}

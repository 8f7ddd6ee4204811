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

// judge fills in what the route's status says about each of the gateways that it names.
func (p *pass) judge(r *route, gateways []cluster.Item[gatewayio.Gateway]) {
	var mine []gatewayio.RouteParentStatus
	for _, ref := range r.Spec.ParentRefs {
		for _, item := range gateways {
			if names(ref, r.Namespace, item.Typed) {
				mine = append(mine, p.parent(r, ref, item.Typed))
			}
		}
	}
	// What other controllers say stays, and what is about a parent that the route no longer names goes. The API wants a list, if an empty one.
	others := slices.DeleteFunc(r.Status.Parents, func(s gatewayio.RouteParentStatus) bool { return s.ControllerName == controllerName })
	r.Status.Parents = append(append([]gatewayio.RouteParentStatus{}, others...), mine...)
}

func (p *pass) parent(r *route, ref gatewayio.ParentReference, g *gatewayio.Gateway) gatewayio.RouteParentStatus {
	status := gatewayio.RouteParentStatus{ParentRef: ref, ControllerName: controllerName}
	for _, old := range r.Status.Parents {
		if old.ControllerName == controllerName && reflect.DeepEqual(old.ParentRef, ref) {
			status.Conditions = old.Conditions
		}
	}
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
	return status
}

// refused is why a Gateway does not take a route; the reason is empty when it does.
func (p *pass) refused(r *route, ref gatewayio.ParentReference, g *gatewayio.Gateway) (string, string) {
	any := func(f func(gatewayio.Listener) bool) bool { return slices.ContainsFunc(g.Spec.Listeners, f) }
	switch {
	case !any(func(l gatewayio.Listener) bool { return slices.Contains(r.kind.protocols, l.Protocol) }):
		return gatewayio.ReasonNotAllowedByListeners, fmt.Sprintf("No Listener with matching Protocol. Allowed protocols: %s", r.kind.protocols)
	case !r.kindAllowed(g):
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

// kindAllowed is the word of the last listener that restricts the kinds of routes.
func (r *route) kindAllowed(g *gatewayio.Gateway) bool {
	allowed := true
	for _, l := range g.Spec.Listeners {
		if l.AllowedRoutes != nil && len(l.AllowedRoutes.Kinds) > 0 {
			allowed = r.kindOf(l)
		}
	}
	return allowed
}

func (r *route) kindOf(l gatewayio.Listener) bool {
	return l.AllowedRoutes == nil || len(l.AllowedRoutes.Kinds) == 0 ||
		slices.ContainsFunc(l.AllowedRoutes.Kinds, func(k gatewayio.RouteKind) bool { return k.Kind == r.kind.name && inGroup(k.Group) })
}

func (p *pass) namespaceRefused(r *route, ref gatewayio.ParentReference, g *gatewayio.Gateway) (string, string) {
	text := ""
	for _, l := range g.Spec.Listeners {
		if !selects(ref, l) || l.Hostname != nil && !meets(l, r.Spec.Hostnames, hostnames(g)) {
			continue
		}
		if p.namespaceAllowed(r.Namespace, g, l) {
			return "", ""
		}
		text = r.kind.name + " is not allowed to attach to this Gateway due to namespace restrictions"
		if fromOf(l) == gatewayio.FromSelector {
			// Here the operator asks no other listener.
			text = r.kind.name + " is not allowed to attach to this Gateway due to namespace selector restrictions"
			break
		}
	}
	if text == "" {
		return "", ""
	}
	return gatewayio.ReasonNotAllowedByListeners, text
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
// with errors.
func (r *route) attached(p *pass, g *gatewayio.Gateway, l gatewayio.Listener) bool {
	for _, parent := range r.Status.Parents {
		if names(parent.ParentRef, r.Namespace, g) && selects(parent.ParentRef, l) &&
			(meta.IsStatusConditionTrue(parent.Conditions, gatewayio.Accepted) ||
				meta.IsStatusConditionFalse(parent.Conditions, gatewayio.ResolvedRefs)) {
			return r.kindOf(l) && p.namespaceAllowed(r.Namespace, g, l) && meets(l, r.Spec.Hostnames, nil)
		}
	}
	return false
}

// names reports whether a route's parent is the Gateway.
func names(ref gatewayio.ParentReference, namespace string, g *gatewayio.Gateway) bool {
	return inGroup(ref.Group) && (ref.Kind == nil || *ref.Kind == "Gateway") &&
		ref.Name == g.Name && namespaceOr(ref.Namespace, namespace) == g.Namespace
}

// selects reports whether a route's parent is this listener, or any.
func selects(ref gatewayio.ParentReference, l gatewayio.Listener) bool {
	return (ref.SectionName == nil || *ref.SectionName == l.Name) && (ref.Port == nil || *ref.Port == l.Port)
}

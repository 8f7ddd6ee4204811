package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/gateway/gatewayio"
)

// Controller serves gateways while Cilium's operator runs.
func Controller() cluster.Controller {
	probed := map[string]bool{}
	return cluster.Controller{
		Name: "cilium-operator-gateway-api", Operators: []string{"cilium-operator"},
		Kinds: append([]cluster.Kind{
			TCPRoutes, UDPRoutes, cluster.Services, cluster.Secrets, cluster.Namespaces, cluster.ConfigMaps,
		}, required...),
		Pass: func(ctx context.Context, c *cluster.Cluster, pods []cluster.Pod) error {
			for _, pod := range pods {
				if _, known := probed[pod.Start]; !known {
					probed[pod.Start] = probe(c, pod)
				}
			}
			config := configOf(c)
			if !probed[pods[0].Start] || !config.enabled {
				return nil
			}
			return (&pass{Cluster: c, ctx: ctx, config: config}).run()
		},
	}
}

// probe is what a pod of the operator sees when it starts.
func probe(c *cluster.Cluster, pod cluster.Pod) bool {
	missing := slices.DeleteFunc(slices.Clone(required), c.Serves)
	for _, kind := range missing {
		c.Log.Warn("Required GatewayAPI resources are not found, gateways are not served until the operator starts anew",
			"pod", pod.Name, "missing", kind.GroupResource().String())
	}
	return len(missing) == 0
}

// pass is one look at everything.
type pass struct {
	*cluster.Cluster
	ctx    context.Context
	config config
	grants []cluster.Item[gatewayio.ReferenceGrant]
	// classes are those that name Cilium.
	classes map[string]*gatewayio.GatewayClass
	// gateways are those of the classes, by namespace and name.
	gateways map[string]*gatewayio.Gateway
	routes   []*route
}

func (p *pass) run() error {
	p.grants = cluster.Read[gatewayio.ReferenceGrant](p.Cluster, Grants)
	errs := p.accept()
	var mine []cluster.Item[gatewayio.Gateway]
	p.gateways = map[string]*gatewayio.Gateway{}
	for _, item := range cluster.Read[gatewayio.Gateway](p.Cluster, Gateways) {
		switch {
		case p.classes[item.Typed.Spec.GatewayClassName] == nil:
			errs = append(errs, p.abandon(item.Typed))
		case item.Typed.DeletionTimestamp == nil:
			mine, p.gateways[cluster.Key(item.Typed)] = append(mine, item), item.Typed
		}
	}
	p.routes = p.readRoutes()
	for _, r := range p.routes {
		if p.judge(r) {
			errs = append(errs, p.WriteStatus(p.ctx, r.kind.kind, r.object, r.Status))
		}
	}
	for _, item := range mine {
		errs = append(errs, p.serve(item.Typed))
		errs = append(errs, p.WriteStatus(p.ctx, Gateways, item.Object, item.Typed.Status))
	}
	return errors.Join(errs...)
}

// accept reads the classes that name Cilium, and tells each whether it may be used.
func (p *pass) accept() []error {
	p.classes = map[string]*gatewayio.GatewayClass{}
	var errs []error
	for _, item := range cluster.Read[gatewayio.GatewayClass](p.Cluster, Classes) {
		class := item.Typed
		if class.Spec.ControllerName != controllerName {
			continue
		}
		p.classes[class.Name] = class
		condition := metav1.Condition{
			Type: gatewayio.Accepted, Status: metav1.ConditionTrue, Reason: gatewayio.Accepted, Message: "Valid GatewayClass",
			ObservedGeneration: class.Generation,
		}
		switch ref := class.Spec.ParametersRef; {
		case ref != nil && unusable(ref) == "":
			continue
		case ref != nil:
			condition.Status, condition.Reason, condition.Message = metav1.ConditionFalse, gatewayio.ReasonInvalidParameters, "Invalid GatewayClass"
		}
		meta.SetStatusCondition(&class.Status.Conditions, condition)
		errs = append(errs, p.WriteStatus(p.ctx, Classes, item.Object, class.Status))
	}
	return errs
}

// unusable is why a class cannot have these parameters; empty when it can.
func unusable(ref *gatewayio.Reference) string {
	switch {
	case ref.Group == nil || *ref.Group != "cilium.io" || ref.Kind == nil || *ref.Kind != "CiliumGatewayClassConfig":
		return "Invalid GatewayClass parameters: spec.parametersRef.kind must be CiliumGatewayClassConfig"
	case ref.Namespace == nil || *ref.Namespace == "" || ref.Name == "":
		return "Invalid GatewayClass parametersRef: both name and namespace are required"
	}
	return ""
}

// abandon takes away what was made for a Gateway that is no longer Cilium's.
func (p *pass) abandon(g *gatewayio.Gateway) error {
	service := p.Get(cluster.Services, g.Namespace, serviceName(g))
	if service == nil || !metav1.IsControlledBy(service, g) {
		return nil
	}
	return p.Delete(p.ctx, cluster.Services, service.GetNamespace(), service.GetName())
}

// refusal is what a Gateway is told that is not looked at any further.
type refusal struct {
	reason, message string
	// programmed is the other condition.
	programmed metav1.Condition
}

// refuses is why a Gateway is not looked at any further, nil if it is.
func (p *pass) refuses(g *gatewayio.Gateway) *refusal {
	waits := metav1.Condition{Status: metav1.ConditionUnknown, Reason: gatewayio.ReasonPending, Message: "Waiting for Accepted condition to be True"}
	if g.Spec.Infrastructure != nil && g.Spec.Infrastructure.ParametersRef != nil {
		return &refusal{gatewayio.ReasonInvalidParameters, "Invalid Gateway parameters: spec.infrastructure.parametersRef is not supported", waits}
	}
	if ref := p.classes[g.Spec.GatewayClassName].Spec.ParametersRef; ref != nil {
		if why := unusable(ref); why != "" {
			return &refusal{gatewayio.ReasonInvalidParameters, why, waits}
		}
	}
	if why := unsupported(g); why != "" {
		return &refusal{gatewayio.ReasonUnsupportedAddress, "Unsupported Gateway address, " + why, metav1.Condition{
			Status: metav1.ConditionFalse, Reason: gatewayio.ReasonListenersNotReady, Message: "Address is not ready",
		}}
	}
	return nil
}

// serve makes a Gateway's Service and fills in its status.
func (p *pass) serve(g *gatewayio.Gateway) error {
	if why := p.refuses(g); why != nil {
		setGateway(g, gatewayio.Accepted, metav1.ConditionFalse, why.reason, why.message)
		setGateway(g, gatewayio.Programmed, why.programmed.Status, why.programmed.Reason, why.programmed.Message)
		return nil
	}
	valid, unknown := p.listeners(g)
	switch {
	case len(valid) == 0:
		setGateway(g, gatewayio.Accepted, metav1.ConditionFalse, gatewayio.ReasonListenersNotValid, "No Accepted Listeners")
		setGateway(g, gatewayio.Programmed, metav1.ConditionFalse, gatewayio.ReasonListenersNotValid, "No Accepted Listeners")
		return nil
	case unknown:
		setGateway(g, gatewayio.Accepted, metav1.ConditionTrue, gatewayio.ReasonListenersNotValid, "Gateway has unsupported listeners")
	default:
		setGateway(g, gatewayio.Accepted, metav1.ConditionTrue, gatewayio.Accepted, "Gateway successfully scheduled")
	}
	desired := serviceOf(g, valid, p.config)
	if err := p.ensure(desired); err != nil {
		setGateway(g, gatewayio.Accepted, metav1.ConditionFalse, gatewayio.ReasonNoResources, "Unable to create Service resource")
		setGateway(g, gatewayio.Programmed, metav1.ConditionFalse, gatewayio.ReasonNoResources, "Unable to create Service resource")
		return err
	}
	service := cluster.Find[corev1.Service](p.Cluster, cluster.Services, desired.Namespace, desired.Name)
	if service == nil || len(service.Status.LoadBalancer.Ingress) == 0 {
		// What it had it is told until it has something else.
		setGateway(g, gatewayio.Programmed, metav1.ConditionFalse, gatewayio.ReasonAddressNotAssigned, "Gateway waiting for address")
		return nil
	}
	p.program(g, service)
	return nil
}

// program tells a Gateway the addresses of its Service.
func (p *pass) program(g *gatewayio.Gateway, service *corev1.Service) {
	given := map[netip.Addr]bool{}
	g.Status.Addresses = nil
	kind := gatewayio.IPAddressType
	for _, entry := range service.Status.LoadBalancer.Ingress {
		if address, err := netip.ParseAddr(entry.IP); err == nil {
			given[address] = true
			g.Status.Addresses = append(g.Status.Addresses, gatewayio.Address{Type: &kind, Value: entry.IP})
		}
	}
	setGateway(g, gatewayio.Programmed, metav1.ConditionTrue, gatewayio.Programmed, "Gateway Programmed")
	for i := range g.Status.Listeners {
		l := &g.Status.Listeners[i]
		if meta.IsStatusConditionTrue(l.Conditions, gatewayio.Accepted) {
			setListener(g, l, gatewayio.Programmed, true, gatewayio.Programmed, "Listener Programmed")
		}
	}
	for _, wanted := range g.Spec.Addresses {
		if address, err := netip.ParseAddr(wanted.Value); err != nil || !given[address] {
			setGateway(g, gatewayio.Programmed, metav1.ConditionFalse, gatewayio.ReasonAddressNotUsable, fmt.Sprintf("StaticAddress %q can't be used", wanted.Value))
			return
		}
	}
}

func setGateway(g *gatewayio.Gateway, kind string, status metav1.ConditionStatus, reason string, message string) {
	meta.SetStatusCondition(&g.Status.Conditions, metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: g.Generation,
	})
}

func truth(ok bool) metav1.ConditionStatus {
	if ok {
		return metav1.ConditionTrue
	}
	return metav1.ConditionFalse
}

package gateway

import (
	"context"
	"errors"
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
			TLSRoutes, cluster.Services, cluster.Secrets, cluster.Namespaces, cluster.ConfigMaps, cluster.Nodes,
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
	routes []*route
}

func (p *pass) run() error {
	p.grants = cluster.Read[gatewayio.ReferenceGrant](p.Cluster, Grants)
	ours, errs := p.classes()
	var gateways []cluster.Item[gatewayio.Gateway]
	for _, item := range cluster.Read[gatewayio.Gateway](p.Cluster, Gateways) {
		if ours[item.Typed.Spec.GatewayClassName] && item.Typed.DeletionTimestamp == nil {
			gateways = append(gateways, item)
		}
	}
	p.routes = p.readRoutes()
	for _, r := range p.routes {
		p.judge(r, gateways)
		errs = append(errs, p.WriteStatus(p.ctx, r.kind.kind, r.object, r.Status))
	}
	for _, item := range gateways {
		errs = append(errs, p.serve(item.Typed))
		errs = append(errs, p.WriteStatus(p.ctx, Gateways, item.Object, item.Typed.Status))
	}
	return errors.Join(errs...)
}

// classes accepts those that name Cilium, and returns their names.
func (p *pass) classes() (map[string]bool, []error) {
	ours := map[string]bool{}
	var errs []error
	for _, item := range cluster.Read[gatewayio.GatewayClass](p.Cluster, Classes) {
		class := item.Typed
		if class.Spec.ControllerName != controllerName || class.Spec.ParametersRef != nil {
			continue
		}
		ours[class.Name] = true
		meta.SetStatusCondition(&class.Status.Conditions, metav1.Condition{
			Type: gatewayio.Accepted, Status: metav1.ConditionTrue,
			Reason: gatewayio.Accepted, Message: "Valid GatewayClass", ObservedGeneration: class.Generation,
		})
		errs = append(errs, p.WriteStatus(p.ctx, Classes, item.Object, class.Status))
	}
	return ours, errs
}

// serve makes a Gateway's Service and fills in its status.
func (p *pass) serve(g *gatewayio.Gateway) error {
	if !p.listeners(g) {
		setGateway(g, gatewayio.Accepted, false, gatewayio.ReasonListenersNotValid, "No Accepted Listeners")
		setGateway(g, gatewayio.Programmed, false, gatewayio.ReasonListenersNotValid, "No Accepted Listeners")
		return nil
	}
	if why := unsupported(g); why != "" {
		setGateway(g, gatewayio.Accepted, false, gatewayio.ReasonUnsupportedAddress, "Unsupported Gateway address, "+why)
		setGateway(g, gatewayio.Programmed, false, gatewayio.ReasonListenersNotReady, "Address is not ready")
		return nil
	}
	setGateway(g, gatewayio.Accepted, true, gatewayio.Accepted, "Gateway successfully scheduled")
	desired := serviceOf(g, p.config)
	if err := p.Apply(p.ctx, cluster.Services, desired); err != nil {
		setGateway(g, gatewayio.Accepted, false, gatewayio.ReasonNoResources, "Unable to create Service resource")
		setGateway(g, gatewayio.Programmed, false, gatewayio.ReasonNoResources, "Unable to create Service resource")
		return err
	}
	service := cluster.Find[corev1.Service](p.Cluster, cluster.Services, desired.Namespace, desired.Name)
	if service == nil || len(service.Status.LoadBalancer.Ingress) == 0 {
		setGateway(g, gatewayio.Programmed, false, gatewayio.ReasonAddressNotAssigned, "Gateway waiting for address")
		g.Status.Addresses = nil
		return nil
	}
	p.program(g, service)
	return nil
}

// program tells a Gateway the addresses of its Service.
func (p *pass) program(g *gatewayio.Gateway, service *corev1.Service) {
	given := map[string]bool{}
	g.Status.Addresses = nil
	kind := gatewayio.IPAddressType
	for _, entry := range service.Status.LoadBalancer.Ingress {
		given[entry.IP] = true
		g.Status.Addresses = append(g.Status.Addresses, gatewayio.Address{Type: &kind, Value: entry.IP})
	}
	setGateway(g, gatewayio.Programmed, true, gatewayio.Programmed, "Gateway Programmed")
	for i := range g.Status.Listeners {
		l := &g.Status.Listeners[i]
		if meta.IsStatusConditionTrue(l.Conditions, gatewayio.Accepted) {
			setListener(g, l, gatewayio.Programmed, true, gatewayio.Programmed, "Listener Programmed")
		}
	}
	for _, wanted := range g.Spec.Addresses {
		if !given[wanted.Value] {
			setGateway(g, gatewayio.Programmed, false, gatewayio.ReasonAddressNotUsable, "StaticAddress can't be used")
		}
	}
}

func setGateway(g *gatewayio.Gateway, kind string, ok bool, reason string, message string) {
	meta.SetStatusCondition(&g.Status.Conditions, metav1.Condition{
		Type: kind, Status: truth(ok), Reason: reason, Message: message, ObservedGeneration: g.Generation,
	})
}

func truth(ok bool) metav1.ConditionStatus {
	if ok {
		return metav1.ConditionTrue
	}
	return metav1.ConditionFalse
}

package main

import (
	"errors"

	edgeobjects "github.com/home-ops/home-ops/components/edge/objects"
	"github.com/home-ops/home-ops/components/edge/tunnel"
	edgevalues "github.com/home-ops/home-ops/components/edge/values"
	fluxobjects "github.com/home-ops/home-ops/components/flux/objects"
	fluxvalues "github.com/home-ops/home-ops/components/flux/values"
	rookobjects "github.com/home-ops/home-ops/components/rook/objects"
	rookvalues "github.com/home-ops/home-ops/components/rook/values"
	storeobjects "github.com/home-ops/home-ops/components/secretstore/objects"
	storevalues "github.com/home-ops/home-ops/components/secretstore/values"
	"github.com/home-ops/home-ops/spec"
)

// rook renders Ceph, of a stack that has it.
func (r rendering) rook(stack *spec.Stack) error {
	if stack.Storage.RookCeph == nil {
		return nil
	}
	set, err := rookobjects.For(stack)
	if err != nil {
		return err
	}
	var bodies []any
	for _, object := range set.All() {
		bodies = append(bodies, object.Body)
	}
	return errors.Join(
		r.chart("values.yaml", stack, rookvalues.For),
		r.objects("objects.yaml", bodies...),
	)
}

// edge renders the way in, of a stack that has one: what is in the cluster, and the
// tunnel's rules at Cloudflare.
func (r rendering) edge(stack *spec.Stack) error {
	if !edgeobjects.Wanted(stack) {
		return nil
	}
	var bodies []any
	for _, object := range edgeobjects.All(stack) {
		bodies = append(bodies, object.Body)
	}
	errs := []error{
		r.objects("objects.yaml", bodies...),
		r.chart("values/cert-manager.yaml", stack, edgevalues.CertManager),
	}
	if edgeobjects.Tunnelled(stack) {
		errs = append(errs, r.yaml("tunnel.yaml", tunnel.Rules(stack)))
	}
	if edgeobjects.Published(stack) {
		errs = append(errs, r.chart("values/"+edgevalues.PublicDNS+".yaml", stack, edgevalues.ExternalDNSCloudflare))
	}
	if stack.Edge.DNS.UniFi != nil {
		errs = append(errs, r.chart("values/"+edgevalues.HomeDNS+".yaml", stack, edgevalues.ExternalDNSUniFi))
	}
	if len(stack.Edge.Gateways.DNS) > 0 {
		errs = append(errs, r.chart("values/k8s-gateway.yaml", stack, edgevalues.K8sGateway))
	}
	return errors.Join(errs...)
}

// secretStore renders how ExternalSecrets are met, of a stack with a vault.
func (r rendering) secretStore(stack *spec.Stack) error {
	if stack.Secrets.OnePassword == nil {
		return nil
	}
	errs := []error{
		r.objects("objects.yaml", storeobjects.All(stack)...),
		r.chart("values/"+storeobjects.ExternalSecretsName+".yaml", stack, storevalues.ExternalSecrets),
	}
	if storeobjects.InCluster(stack) {
		errs = append(errs, r.chart("values/"+storeobjects.ConnectName+".yaml", stack, storevalues.Connect))
	}
	return errors.Join(errs...)
}

// flux renders Flux itself and the settings that it fills the tree in with.
func (r rendering) flux(stack *spec.Stack) error {
	return errors.Join(
		r.chart("values.yaml", stack, fluxvalues.For),
		r.objects("objects.yaml", fluxobjects.All(stack)...),
		r.objects("settings.yaml", fluxobjects.Settings(stack)),
	)
}

// Package stacks composes the components into one cluster and says what a stack
// exports.
package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/cilium/gatewayapi"
	"github.com/home-ops/home-ops/components/talos"
	"github.com/home-ops/home-ops/internal/secretref"
)

// Program is what the cluster's program takes from outside the stack. Its zero
// value uses the real services.
type Program struct {
	// GatewayKinds gives the kinds of the Gateway API. Default: their release at
	// GitHub.
	GatewayKinds gatewayapi.Source
}

// Cluster is the Pulumi program: the cluster of the current stack's file. It
// touches nothing unless the whole file is sound.
func Cluster(ctx *pulumi.Context) error { return Program{}.Run(ctx) }

// Run makes the cluster. Each component gets from those before it what it waits
// for; those that wait for the same are made side by side.
func (p Program) Run(ctx *pulumi.Context) error {
	err := p.run(ctx)
	if err != nil {
		keepOutputs(ctx, err)
	}
	return err
}

func (p Program) run(ctx *pulumi.Context) error {
	stack, err := load(ctx)
	if err != nil {
		return err
	}
	before, err := lastApplied(ctx)
	if err != nil {
		return err
	}
	if err := before.judge(ctx, stack); err != nil {
		return err
	}
	parts, err := Plan(stack)
	if err != nil {
		return err
	}
	secrets, err := secretref.NewResolver(ctx, stack)
	if err != nil {
		return err
	}
	b := &builder{ctx: ctx, stack: stack, secrets: secrets, program: p, before: before, enabled: map[string]bool{}}
	for _, part := range parts {
		b.enabled[part.Component] = true
	}
	for _, step := range []func() error{b.talos, b.cilium, b.rook, b.edge, b.secretStore, b.flux} {
		if err := step(); err != nil {
			return err
		}
	}

	ctx.Export("kubeconfig", b.machines.Kubeconfig)
	ctx.Export("talosconfig", b.machines.Talosconfig)
	ctx.Export("machineSecrets", b.machines.MachineSecrets)
	ctx.Export("endpoint", pulumi.String(stack.ClusterEndpoint()))
	ctx.Export("nodes", talos.NodeFactsInput(b.machines.Nodes))
	ctx.Export("deployKey", b.gitOps.DeployKey)
	ctx.Export("webhookURL", b.gitOps.WebhookURL)
	if len(b.network.Routers) > 0 {
		ctx.Export("frr", pulumi.ToStringMap(b.network.Routers))
	}
	return before.export(ctx, stack, b.machines.Configured)
}

// Package stacks composes the components into one cluster and says what a stack
// exports.
package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/cilium"
	"github.com/home-ops/home-ops/components/cilium/gatewayapi"
	"github.com/home-ops/home-ops/components/rook"
	"github.com/home-ops/home-ops/components/talos"
)

// Program is what the cluster's program takes from outside the stack. Its zero
// value is the real world.
type Program struct {
	// GatewayKinds gives the kinds of the Gateway API. Default: their release at
	// GitHub.
	GatewayKinds gatewayapi.Source
}

// Cluster is the Pulumi program: the cluster of the current stack's file. It
// touches nothing unless the whole file is sound.
func Cluster(ctx *pulumi.Context) error { return Program{}.Run(ctx) }

// Run makes the cluster. Each component gets from those before it what it waits
// for.
func (p Program) Run(ctx *pulumi.Context) error {
	stack, err := load(ctx)
	if err != nil {
		return err
	}
	secrets, err := readSecrets(ctx, stack)
	if err != nil {
		return err
	}
	machines, err := talos.New(ctx, "talos", &talos.Args{
		Stack:          stack,
		Passphrases:    secrets.passphrases,
		ResetOnDestroy: stack.Cluster.ResetOnDestroy,
	})
	if err != nil {
		return err
	}
	if err := publishIdentity(ctx, stack, machines.Provider); err != nil {
		return err
	}
	network, err := cilium.New(ctx, "cilium", &cilium.Args{
		Stack:        stack,
		Provider:     machines.Provider,
		BGPPasswords: secrets.bgpPasswords,
		GatewayKinds: p.GatewayKinds,
	})
	if err != nil {
		return err
	}
	if stack.Storage.RookCeph != nil {
		if _, err := rook.New(ctx, "rook", &rook.Args{
			Stack:    stack,
			Provider: machines.Provider,
			Network:  []pulumi.Resource{network.Release},
		}); err != nil {
			return err
		}
	}

	ctx.Export("kubeconfig", machines.Kubeconfig)
	ctx.Export("talosconfig", machines.Talosconfig)
	ctx.Export("endpoint", pulumi.String(stack.ClusterEndpoint()))
	ctx.Export("nodes", talos.NodeFactsInput(machines.Nodes))
	if len(network.Routers) > 0 {
		ctx.Export("frr", pulumi.ToStringMap(network.Routers))
	}
	return nil
}

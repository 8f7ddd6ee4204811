// Package stacks composes the components into one cluster and says what a stack
// exports.
package stacks

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/talos"
)

// Cluster is the Pulumi program: the cluster of the current stack's file. It
// touches nothing unless the whole file is sound.
func Cluster(ctx *pulumi.Context) error {
	stack, err := load(ctx)
	if err != nil {
		return err
	}
	passphrases, err := diskPassphrases(ctx, stack)
	if err != nil {
		return err
	}
	machines, err := talos.New(ctx, "talos", &talos.Args{
		Stack:          stack,
		Passphrases:    passphrases,
		ResetOnDestroy: stack.Cluster.ResetOnDestroy,
	})
	if err != nil {
		return err
	}
	if err := publishIdentity(ctx, stack, machines.Provider); err != nil {
		return err
	}

	ctx.Export("kubeconfig", machines.Kubeconfig)
	ctx.Export("talosconfig", machines.Talosconfig)
	ctx.Export("endpoint", pulumi.String(stack.ClusterEndpoint()))
	ctx.Export("nodes", talos.NodeFactsInput(machines.Nodes))
	return nil
}

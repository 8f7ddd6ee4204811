// Package stacks composes the components into one cluster and says what a stack
// exports.
package stacks

import (
	"fmt"
	"net/http"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/cilium/gatewayapi"
	"github.com/home-ops/home-ops/components/talos"
	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/internal/gitremote"
	"github.com/home-ops/home-ops/internal/secretref"
)

// Program is what the cluster's program takes from outside the stack. Its zero
// value uses the real services.
type Program struct {
	// GatewayKinds gives the kinds of the Gateway API. Default: their release at
	// GitHub.
	GatewayKinds gatewayapi.Source
	// EtcdSnapshot is a file from which a new cluster's etcd begins. Default: it begins empty.
	EtcdSnapshot string
	// At names the addresses of machines that are in maintenance mode, and not at their nodes' own:
	// NODE=ADDRESS or ADDRESS, between commas. Default: they are searched.
	At string
	// Machines changes the machines, and finds new ones. Default: over the network.
	Machines talos.Changer
	// Outside carries requests to the services outside the cluster that the program itself makes.
	// Default: [http.DefaultTransport].
	Outside http.RoundTripper
	// Reach looks whether the cluster answers. Default: a connection to it.
	Reach Reach
	// Ready looks whether the API of a cluster that is reached is ready. Default: it is asked, with the last update's kubeconfig.
	Ready Ready
	// Repository looks whether there is something for Flux to follow. Default: git asks.
	Repository Repository
}

// Cluster is the Pulumi program: the cluster of the current stack's file. It
// touches nothing unless the whole file is sound.
func Cluster(ctx *pulumi.Context) error {
	return Program{EtcdSnapshot: os.Getenv(EtcdSnapshotVar), At: os.Getenv(AtVar)}.Run(ctx)
}

// AtVar names where machines wait for their first config, for one update (docs/first-hour.md). From then on each answers at
// its own address.
const AtVar = "HOMEOPS_AT"

// EtcdSnapshotVar names a snapshot for one update (docs/runbooks/rebuild.md). It is no setting: in a stack file it would
// be there at the next update, too.
const EtcdSnapshotVar = "HOMEOPS_ETCD_SNAPSHOT"

// Run makes the cluster. Each component gets from those before it what it waits
// for; those that wait for the same are made side by side.
func (p Program) Run(ctx *pulumi.Context) error {
	err := p.run(ctx)
	if err != nil {
		keepOutputs(ctx, err)
	}
	return err
}

// oldestPulumi are the releases of Pulumi's command that know what the program asks of the engine: hooks for failures
// (https://github.com/pulumi/pulumi/releases/tag/v3.217.0).
const oldestPulumi = ">=3.217.0"

func (p Program) run(ctx *pulumi.Context) error {
	if err := ctx.RequirePulumiVersion(oldestPulumi); err != nil {
		return err
	}
	stack, err := load(ctx)
	if err != nil {
		return err
	}
	if err := checkEnvironment(stack, os.LookupEnv); err != nil {
		return err
	}
	before, err := lastApplied(ctx)
	if err != nil {
		return err
	}
	if err := before.judge(ctx, stack); err != nil {
		return err
	}
	if err := before.checkSnapshot(p.EtcdSnapshot); err != nil {
		return err
	}
	at, err := discover.ParseAt(p.At, stack)
	if err != nil {
		return fmt.Errorf("%w\nnothing was touched", err)
	}
	if p.Reach == nil {
		p.Reach = dial
	}
	if p.Ready == nil {
		p.Ready = askReady
	}
	if err := before.sayIfAway(ctx, stack, p.Reach, p.Ready); err != nil {
		return err
	}
	if p.Repository == nil {
		p.Repository = gitremote.Look
	}
	if err := before.checkRepository(ctx, stack, p.Repository); err != nil {
		return err
	}
	parts, err := Plan(stack)
	if err != nil {
		return err
	}
	if p.Outside == nil {
		p.Outside = http.DefaultTransport
	}
	secrets, err := secretref.NewResolver(ctx, stack, p.Outside)
	if err != nil {
		return err
	}
	b := &builder{ctx: ctx, stack: stack, secrets: secrets, program: p, at: at, before: before, enabled: map[string]bool{}}
	for _, part := range parts {
		b.enabled[part.Component] = true
	}
	for _, step := range []func() error{b.talos, b.cilium, b.rook, b.edge, b.secretStore, b.flux} {
		if err := step(); err != nil {
			return err
		}
	}

	ctx.Export(kubeconfigOutput, b.machines.Kubeconfig)
	ctx.Export("talosconfig", b.machines.Talosconfig)
	ctx.Export(machineSecretsOutput, b.machines.MachineSecrets)
	ctx.Export("endpoint", pulumi.String(stack.ClusterEndpoint()))
	ctx.Export("nodes", talos.NodeFactsInput(b.machines.Nodes))
	ctx.Export("deployKey", b.gitOps.DeployKey)
	ctx.Export("webhookURL", b.gitOps.WebhookURL)
	if len(b.network.Routers) > 0 {
		ctx.Export("frr", pulumi.ToStringMap(b.network.Routers))
	}
	return before.export(ctx, stack, b.machines.Configured)
}

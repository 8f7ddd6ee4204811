package stacks

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/cilium"
	"github.com/home-ops/home-ops/components/edge"
	"github.com/home-ops/home-ops/components/flux"
	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/components/rook"
	"github.com/home-ops/home-ops/components/secretstore"
	"github.com/home-ops/home-ops/components/talos"
	"github.com/home-ops/home-ops/components/talos/machineconfig"
	"github.com/home-ops/home-ops/internal/secretref"
	"github.com/home-ops/home-ops/spec"
)

// builder is one run of the program and what it has made so far.
type builder struct {
	ctx     *pulumi.Context
	stack   *spec.Stack
	secrets *secretref.Resolver
	program Program
	// before is what the last update left behind.
	before history

	machines *talos.TalosCluster
	network  *cilium.Networking
	gitOps   *flux.FluxBootstrap
	// served is what content of the cluster may build on: gateways, and the store of
	// secrets.
	served []pulumi.Resource
}

func (b *builder) talos() error {
	passphrases, err := b.secrets.Secrets(machineconfig.PassphraseRefs(b.stack))
	if err != nil {
		return err
	}
	b.machines, err = talos.New(b.ctx, "talos", &talos.Args{
		Stack:          b.stack,
		Passphrases:    passphrases,
		ResetOnDestroy: b.stack.Cluster.ResetOnDestroy,
		Identifier:     b.before.clusterIdentifier(b.stack),
	})
	if err != nil {
		return err
	}
	return publishIdentity(b.ctx, b.stack, b.machines.Provider)
}

func (b *builder) cilium() error {
	passwords, err := b.secrets.Secrets(cilium.PasswordRefs(b.stack))
	if err != nil {
		return err
	}
	b.network, err = cilium.New(b.ctx, "cilium", &cilium.Args{
		Stack:        b.stack,
		Provider:     b.machines.Provider,
		BGPPasswords: passwords,
		GatewayKinds: b.program.GatewayKinds,
	})
	return err
}

// ready is what a pod waits for.
func (b *builder) ready() []pulumi.Resource { return []pulumi.Resource{b.network.Release} }

func (b *builder) rook() error {
	if b.stack.Storage.RookCeph == nil {
		return nil
	}
	_, err := rook.New(b.ctx, "rook", &rook.Args{Stack: b.stack, Provider: b.machines.Provider, Network: b.ready()})
	return err
}

func (b *builder) edge() error {
	if !edge.Wanted(b.stack) {
		return nil
	}
	args := &edge.Args{
		Stack:        b.stack,
		Provider:     b.machines.Provider,
		GatewayKinds: b.network.GatewayKinds,
		Network:      slices.Concat(b.ready(), b.network.LoadBalancer),
		Seed:         b.machines.Seed,
	}
	e := b.stack.Edge
	read := []wanted{
		{e.Certificates.CACertRef, &args.CACert},
		{e.Certificates.CAKeyRef, &args.CAKey},
	}
	if e.Cloudflare != nil {
		read = append(read, wanted{e.Cloudflare.APITokenRef, &args.CloudflareToken})
	}
	if e.DNS.UniFi != nil {
		read = append(read, wanted{e.DNS.UniFi.APIKeyRef, &args.UniFiKey})
	}
	if err := b.read(read); err != nil {
		return err
	}
	access, err := edge.New(b.ctx, "edge", args)
	if err != nil {
		return err
	}
	b.served = append(b.served, access.Gateways...)
	return nil
}

func (b *builder) secretStore() error {
	if b.stack.Secrets.OnePassword == nil {
		return nil
	}
	store, err := secretstore.New(b.ctx, "secretstore", &secretstore.Args{
		Stack:    b.stack,
		Provider: b.machines.Provider,
		Secrets:  b.secrets,
		Network:  b.ready(),
		BreakGlass: secretstore.BreakGlass{
			Talosconfig:    b.machines.Talosconfig,
			Kubeconfig:     b.machines.Kubeconfig,
			MachineSecrets: b.machines.MachineSecrets,
		},
	})
	if err != nil {
		return err
	}
	b.served = append(b.served, store.Store)
	return nil
}

// flux comes last: what Git owns builds on all of the others.
func (b *builder) flux() error {
	args := &flux.Args{
		Stack:          b.stack,
		Provider:       b.machines.Provider,
		Network:        slices.Concat(b.ready(), b.network.GatewayKinds, b.served),
		Seed:           b.machines.Seed,
		ClusterSecrets: map[string]pulumi.StringInput{},
	}
	f := b.stack.Flux
	read := []wanted{{f.TokenRef, &args.Token}, {f.PrivateKeyRef, &args.PrivateKey}}
	if f.Webhook != nil {
		read = append(read, wanted{f.Webhook.SecretRef, &args.WebhookSecret})
	}
	if f.GitHub != nil {
		read = append(read, wanted{f.GitHub.TokenRef, &args.GitHubToken}, wanted{f.GitHub.StatusTokenRef, &args.StatusToken})
	}
	if s := b.stack.Secrets.SOPS; s != nil {
		read = append(read, wanted{s.KeyRef, &args.SopsKey})
	}
	if err := b.read(read); err != nil {
		return err
	}
	refs := settings.SecretRefs(b.stack)
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		value, err := b.secrets.Secret(refs[name])
		if err != nil {
			return err
		}
		args.ClusterSecrets[name] = value
	}
	var err error
	b.gitOps, err = flux.New(b.ctx, "flux", args)
	return err
}

// wanted is a secret that a component takes where the stack says where it is kept.
type wanted struct {
	ref  spec.SecretRef
	into *pulumi.StringInput
}

func (b *builder) read(all []wanted) error {
	for _, w := range all {
		if w.ref == "" {
			continue
		}
		value, err := b.secrets.Secret(w.ref)
		if err != nil {
			return err
		}
		*w.into = value
	}
	return nil
}

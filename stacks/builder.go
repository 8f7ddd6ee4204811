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
	"github.com/home-ops/home-ops/internal/component"
	"github.com/home-ops/home-ops/internal/discover"
	"github.com/home-ops/home-ops/internal/outside"
	"github.com/home-ops/home-ops/internal/secretref"
	"github.com/home-ops/home-ops/spec"
)

// builder is one run of the program and what it has made so far.
type builder struct {
	ctx     *pulumi.Context
	stack   *spec.Stack
	secrets *secretref.Resolver
	program Program
	// at are the addresses that the owner named.
	at discover.At
	// before is what the last update left behind.
	before history

	// enabled are the components that the stack asks for.
	enabled map[string]bool

	machines *talos.TalosCluster
	network  *cilium.CiliumNetworking
	gitOps   *flux.FluxBootstrap
	// gateways and store are what content of the cluster may build on.
	gateways, store []pulumi.Resource
}

func (b *builder) talos() error {
	passphrases, err := b.secrets.Secrets(machineconfig.PassphraseRefs(b.stack))
	if err != nil {
		return err
	}
	b.machines, err = talos.NewTalosCluster(b.ctx, nameTalos, &talos.Args{
		EtcdSnapshot:   b.program.EtcdSnapshot,
		Stack:          b.stack,
		Passphrases:    passphrases,
		ResetOnDestroy: b.stack.Cluster.ResetOnDestroy,
		Identifier:     b.before.clusterIdentifier(b.stack),
		ServedAt:       b.before.servedAt(),
		Leaving:        b.before.leaving(b.stack),
		Changer:        b.program.Machines,
		At:             b.at,
		Reach:          talos.Reach(b.program.Reach),
	})
	if err != nil {
		return err
	}
	steps, err := identity(b.stack)
	if err != nil {
		return err
	}
	_, err = component.Root(b.ctx).Apply(steps, component.Inputs{Provider: b.machines.Provider})
	return err
}

func (b *builder) cilium() error {
	passwords, err := b.secrets.Secrets(cilium.PasswordRefs(b.stack))
	if err != nil {
		return err
	}
	b.network, err = cilium.NewCiliumNetworking(b.ctx, nameCilium, &cilium.Args{
		Stack:        b.stack,
		Provider:     b.machines.Provider,
		BGPPasswords: passwords,
		GatewayKinds: b.program.GatewayKinds,
	})
	return err
}

// tell shows a line in the engine's own display.
func (b *builder) tell(line string) { _ = b.ctx.Log.Info(line, nil) }

// ready is what a pod waits for.
func (b *builder) ready() []pulumi.Resource { return []pulumi.Resource{b.network.Release} }

func (b *builder) rook() error {
	if !b.enabled[nameRook] {
		return nil
	}
	_, err := rook.NewRookCephStorage(b.ctx, nameRook, &rook.Args{Stack: b.stack, Provider: b.machines.Provider, Network: b.ready()})
	return err
}

func (b *builder) edge() error {
	if !b.enabled[nameEdge] {
		return nil
	}
	args := &edge.Args{
		Stack:        b.stack,
		Provider:     b.machines.Provider,
		GatewayAPI:   b.network.GatewayKinds,
		Network:      b.ready(),
		LoadBalancer: b.network.LoadBalancer,
		Seed:         b.machines.Seed,
	}
	e := b.stack.Edge
	read := []secretArg{
		{e.Certificates.CACertRef, &args.CACert},
		{e.Certificates.CAKeyRef, &args.CAKey},
	}
	if e.Cloudflare != nil {
		args.Cloudflare = outside.NewCloudflare(b.program.Outside, b.tell)
		read = append(read, secretArg{e.Cloudflare.APITokenRef, &args.CloudflareToken})
	}
	if e.DNS.DigitalOcean != nil {
		read = append(read, secretArg{e.DNS.DigitalOcean.TokenRef, &args.DNSCredential})
	}
	if e.DNS.Route53 != nil {
		read = append(read, secretArg{e.DNS.Route53.SecretKeyRef, &args.DNSCredential})
	}
	if e.DNS.UniFi != nil {
		read = append(read, secretArg{e.DNS.UniFi.APIKeyRef, &args.UniFiKey})
	}
	if err := b.read(read); err != nil {
		return err
	}
	access, err := edge.NewEdgeAccess(b.ctx, nameEdge, args)
	if err != nil {
		return err
	}
	b.gateways = access.Gateways
	return nil
}

func (b *builder) secretStore() error {
	if !b.enabled[nameSecretStore] {
		return nil
	}
	store, err := secretstore.NewSecretStore(b.ctx, nameSecretStore, &secretstore.Args{
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
	b.store = []pulumi.Resource{store.Store}
	return nil
}

// cloudKeys are what Flux asks the clouds' key services with.
func (b *builder) cloudKeys(args *flux.Args) error {
	if b.stack.Secrets.SOPS == nil {
		return nil
	}
	args.SopsKMS = map[spec.KMSProvider]pulumi.StringInput{}
	for _, kms := range b.stack.Secrets.SOPS.KMS {
		value, err := b.secrets.Secret(kms.CredentialsRef)
		if err != nil {
			return err
		}
		args.SopsKMS[kms.Provider] = value
	}
	return nil
}

// flux comes last: what Git owns builds on all of the others.
func (b *builder) flux() error {
	args := &flux.Args{
		Stack:          b.stack,
		Provider:       b.machines.Provider,
		Network:        b.ready(),
		GatewayAPI:     b.network.GatewayKinds,
		Gateways:       b.gateways,
		SecretStore:    b.store,
		Seed:           b.machines.Seed,
		ClusterSecrets: map[string]pulumi.StringInput{},
	}
	f := b.stack.Flux
	read := []secretArg{{f.TokenRef, &args.Token}, {f.PrivateKeyRef, &args.PrivateKey}}
	if f.Webhook != nil {
		read = append(read, secretArg{f.Webhook.SecretRef, &args.WebhookSecret})
	}
	if f.GitHub != nil {
		owner, _ := f.OwnerAndName()
		args.GitHub = outside.NewGitHub(owner, b.program.Outside, b.tell)
		read = append(read, secretArg{f.GitHub.TokenRef, &args.GitHubToken}, secretArg{f.GitHub.StatusTokenRef, &args.StatusToken})
	}
	if s := b.stack.Secrets.SOPS; s != nil {
		read = append(read, secretArg{s.KeyRef, &args.SopsKey})
		if s.PGP != nil {
			read = append(read, secretArg{s.PGP.KeyRef, &args.SopsPGPKey})
		}
	}
	if err := b.read(read); err != nil {
		return err
	}
	if err := b.cloudKeys(args); err != nil {
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
	b.gitOps, err = flux.NewFluxBootstrap(b.ctx, nameFlux, args)
	return err
}

// secretArg is an argument of a component whose value is behind a reference of the stack.
type secretArg struct {
	ref  spec.SecretRef
	into *pulumi.StringInput
}

// read sets the arguments whose references the stack has.
func (b *builder) read(all []secretArg) error {
	for _, arg := range all {
		if arg.ref == "" {
			continue
		}
		value, err := b.secrets.Secret(arg.ref)
		if err != nil {
			return err
		}
		*arg.into = value
	}
	return nil
}

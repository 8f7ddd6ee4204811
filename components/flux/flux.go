package flux

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/helm"
	"github.com/home-ops/home-ops/spec"
)

// Args describe the cluster's Git repository and how Flux gets at it. A secret is
// given where the stack file has a reference for it, and else left out.
type Args struct {
	// Stack is the validated stack file.
	Stack *spec.Stack
	// Provider manages Kubernetes objects in the cluster.
	Provider pulumi.ProviderResource
	// Network is what makes the nodes Ready, and brings the kinds of gateways and
	// network policies.
	Network []pulumi.Resource
	// Seed is key material of the cluster, from which the secrets are derived that
	// nobody gives.
	Seed pulumi.StringInput

	// Token opens a private https repository (flux.tokenRef).
	Token pulumi.StringInput
	// PrivateKey opens an ssh repository (flux.privateKeyRef). Default: one derived
	// from Seed.
	PrivateKey pulumi.StringInput
	// WebhookSecret signs the announcements of pushes (flux.webhook.secretRef). Default:
	// one derived from Seed.
	WebhookSecret pulumi.StringInput
	// GitHubToken administers the repository (flux.github.tokenRef). It stays outside
	// the cluster.
	GitHubToken pulumi.StringInput
	// StatusToken writes commit statuses (flux.github.statusTokenRef).
	StatusToken pulumi.StringInput
	// SopsKey is the age key file with which Flux decrypts (secrets.sops.keyRef).
	SopsKey pulumi.StringInput
	// ClusterSecrets are the values of the tree's secret settings by their names: those
	// of settings.SecretRefs.
	ClusterSecrets map[string]pulumi.StringInput
}

// FluxBootstrap is a cluster that follows its Git repository.
type FluxBootstrap struct {
	pulumi.ResourceState

	// Instance is Flux. It exists once Flux runs and has applied the root of the tree.
	Instance *helm.Release
	// WebhookURL is where a push is announced, for a Git server at which the program
	// does not register it. It is secret, and empty without a webhook.
	WebhookURL pulumi.StringOutput
	// DeployKey is the public half of the ssh key that Flux clones with, for a Git server
	// at which the program does not register it; empty with https.
	DeployKey pulumi.StringOutput
}

// New installs Flux. It returns before the tree is applied beyond its root: what Git
// owns is ready when Git's own health checks say so.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*FluxBootstrap, error) {
	if err := args.check(); err != nil {
		return nil, err
	}
	f := &FluxBootstrap{}
	if err := ctx.RegisterComponentResource("homeops:index:FluxBootstrap", name, f, opts...); err != nil {
		return nil, err
	}
	b := &builder{ctx: ctx, name: name, args: args, parent: f}
	atGitHub, err := b.gitHub()
	if err != nil {
		return nil, err
	}

	namespace, err := b.namespace()
	if err != nil {
		return nil, err
	}
	needs, err := b.settings(namespace)
	if err != nil {
		return nil, err
	}
	source, err := b.source(namespace, atGitHub)
	if err != nil {
		return nil, err
	}
	f.DeployKey = source.publicKey
	operator, err := b.operator(namespace)
	if err != nil {
		return nil, err
	}
	if f.Instance, err = b.instance(operator, append(needs, source.ready...)); err != nil {
		return nil, err
	}
	if f.WebhookURL, err = b.webhook(namespace, f.Instance, atGitHub); err != nil {
		return nil, err
	}
	if err := b.status(namespace, f.Instance); err != nil {
		return nil, err
	}
	if err := atGitHub.protect(); err != nil {
		return nil, err
	}
	return f, ctx.RegisterResourceOutputs(f, pulumi.Map{
		"version":    pulumi.String(string(args.Stack.Versions.Flux)),
		"webhookUrl": f.WebhookURL,
		"deployKey":  f.DeployKey,
	})
}

package flux

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/component"
	"github.com/home-ops/home-ops/internal/outside"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// Args describe the cluster's Git repository and how Flux gets access to it. A secret is
// given where the stack file has a reference for it, and otherwise left out.
type Args struct {
	// Stack is the validated stack file.
	Stack *spec.Stack
	// Provider manages Kubernetes objects in the cluster.
	Provider pulumi.ProviderResource

	// Network is what makes the nodes Ready and brings the kinds of network policies.
	// Everything that runs waits for it.
	Network []pulumi.Resource
	// GatewayAPI is the kinds of the Gateway API. The webhook's route waits for them, and
	// so does Flux itself. Empty if the stack has none.
	GatewayAPI []pulumi.Resource
	// Gateways are the gateways that the tree's routes attach to. Flux itself waits for
	// them, its operator does not. Empty if the stack has none.
	Gateways []pulumi.Resource
	// SecretStore is the store that the tree's ExternalSecrets read. Flux itself waits
	// for it, its operator does not. Empty if the stack has none.
	SecretStore []pulumi.Resource

	// Seed is key material of the cluster. The secrets that the stack file has no
	// reference for are derived from it.
	Seed pulumi.StringInput
	// Token opens a private https repository or registry (flux.tokenRef).
	Token pulumi.StringInput
	// PrivateKey opens an ssh repository (flux.privateKeyRef). Default: one derived
	// from Seed.
	PrivateKey pulumi.StringInput
	// WebhookSecret signs the Git server's requests (flux.webhook.secretRef). Default:
	// one derived from Seed.
	WebhookSecret pulumi.StringInput
	// GitHub looks for what dead runs have left. Required with GitHubToken.
	GitHub *outside.GitHub
	// GitHubToken administers the repository (flux.github.tokenRef). It never reaches
	// the cluster.
	GitHubToken pulumi.StringInput
	// StatusToken writes commit statuses (flux.github.statusTokenRef).
	StatusToken pulumi.StringInput
	// SopsKey is the age key file with which Flux decrypts (secrets.sops.keyRef).
	SopsKey pulumi.StringInput
	// SopsPGPKey is the armoured private key with which Flux decrypts (secrets.sops.pgp.keyRef).
	SopsPGPKey pulumi.StringInput
	// SopsKMS are what Flux asks each cloud's key service with (secrets.sops.kms).
	SopsKMS map[spec.KMSProvider]pulumi.StringInput
	// ClusterSecrets are the values of the tree's secret settings by their names: exactly
	// those of settings.SecretRefs.
	ClusterSecrets map[string]pulumi.StringInput
}

// FluxBootstrap is a cluster that follows its Git repository.
type FluxBootstrap struct {
	pulumi.ResourceState

	// Instance is Flux. It exists once Flux runs and has applied the root of the tree.
	Instance *component.Release
	// WebhookURL is the address to which a Git server sends its push events, for one at
	// which the program does not register it. It is secret, and empty without a webhook.
	WebhookURL pulumi.StringOutput
	// DeployKey is the public half of the ssh key that Flux clones with, for a Git server
	// at which the program does not register it. It is empty with https.
	DeployKey pulumi.StringOutput
}

// NewFluxBootstrap installs Flux. It returns once the root of the tree is applied. What
// the root leads to becomes ready later, by the tree's own health checks.
func NewFluxBootstrap(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*FluxBootstrap, error) {
	if err := args.check(); err != nil {
		return nil, err
	}
	steps, err := Plan(args.Stack)
	if err != nil {
		return nil, err
	}
	f := &FluxBootstrap{}
	c, err := component.Register(ctx, "FluxBootstrap", name, f, opts...)
	if err != nil {
		return nil, err
	}
	privateKey, webhookSecret := args.privateKey(), args.webhookSecret()
	f.DeployKey = publicKey(privateKey)
	f.WebhookURL = webhookURL(args.Stack, webhookSecret)

	hub, err := newGitHub(c, args)
	if err != nil {
		return nil, err
	}
	registered, err := hub.deployKey(f.DeployKey)
	if err != nil {
		return nil, err
	}
	made, err := c.Apply(steps, component.Inputs{
		Provider: args.Provider,
		Values:   args.values(privateKey, webhookSecret),
		Conditions: map[plan.Condition][]pulumi.Resource{
			plan.Network:     args.Network,
			plan.GatewayAPI:  args.GatewayAPI,
			plan.Gateways:    args.Gateways,
			plan.SecretStore: args.SecretStore,
			plan.Repository:  registered,
		},
	})
	if err != nil {
		return nil, err
	}
	f.Instance = made.Release(stepInstance)
	listeners := made.Of(stepReceiver, stepWebhookPolicy, stepWebhookRoute)
	if err := hub.webhook(f.WebhookURL, webhookSecret, listeners); err != nil {
		return nil, err
	}
	if err := hub.protection(); err != nil {
		return nil, err
	}
	return f, ctx.RegisterResourceOutputs(f, pulumi.Map{
		"version":    pulumi.String(string(args.Stack.Versions.Flux)),
		"webhookUrl": f.WebhookURL,
		"deployKey":  f.DeployKey,
	})
}

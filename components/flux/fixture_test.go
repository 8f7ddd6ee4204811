package flux_test

import (
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/flux"
	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/internal/outside"
	"github.com/home-ops/home-ops/internal/outside/outsidetest"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// The secrets that every test gives.
const (
	seed          = "the machines' own secret, as long as it is"
	gitToken      = "glpat_reads"
	gitHubToken   = "ghp_administers"
	statusToken   = "ghp_writes_statuses"
	webhookSecret = "token"
	sopsKey       = "AGE-SECRET-KEY-1TEST"
	sopsPGPKey    = "-----BEGIN PGP PRIVATE KEY BLOCK-----"
	cloudPrefix   = "the-credential-for-"
	settingPrefix = "the-value-of-"
)

// private is a stack with everything that there is for an ssh repository at GitHub.
func private(t *testing.T) *spec.Stack {
	t.Helper()
	return spectest.Load(t, "testdata/Pulumi.private.yaml")
}

// gitLab is a stack with a token and a webhook, in a network that the internet cannot
// reach.
func gitLab(t *testing.T) *spec.Stack {
	t.Helper()
	return spectest.Load(t, "testdata/Pulumi.gitlab.yaml")
}

// artifact is a stack whose tree comes out of a registry, and whose secrets are for every
// kind of key but age.
func artifact(t *testing.T) *spec.Stack {
	t.Helper()
	return spectest.Load(t, "testdata/Pulumi.artifact.yaml")
}

func stacks(t *testing.T) []*spec.Stack {
	t.Helper()
	return []*spec.Stack{spectest.Home(t), spectest.Lab(t), private(t), gitLab(t)}
}

// program makes the component of a stack, gives it a resource for each condition, and
// exports what comes out of it.
func program(stack *spec.Stack, change ...func(*flux.Args)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		provider, err := kubernetes.NewProvider(ctx, "cluster", &kubernetes.ProviderArgs{Kubeconfig: pulumi.String("kubeconfig")})
		if err != nil {
			return err
		}
		args := &flux.Args{
			Stack: stack, Provider: provider, Seed: secret(seed), Token: secret(gitToken),
			GitHub:      outside.NewGitHub("home-ops", outsidetest.Nothing(nil), func(string) {}),
			GitHubToken: secret(gitHubToken), StatusToken: secret(statusToken), SopsKey: secret(sopsKey),
			ClusterSecrets: map[string]pulumi.StringInput{}, SopsPGPKey: secret(sopsPGPKey),
			SopsKMS: map[spec.KMSProvider]pulumi.StringInput{
				"aws": secret(cloudPrefix + "aws"), "gcp": secret(cloudPrefix + "gcp"), "azure": secret(cloudPrefix + "azure"),
			},
		}
		for name, condition := range map[string]*[]pulumi.Resource{
			"network": &args.Network, "gateway-api": &args.GatewayAPI, "gateways": &args.Gateways, "store": &args.SecretStore,
		} {
			var before pulumi.CustomResourceState
			if err := ctx.RegisterResource("test:index:Before", name, pulumi.Map{}, &before); err != nil {
				return err
			}
			*condition = []pulumi.Resource{&before}
		}
		for name := range settings.SecretRefs(stack) {
			args.ClusterSecrets[name] = secret(settingPrefix + name)
		}
		if stack.Flux.Webhook != nil && stack.Flux.Webhook.SecretRef != "" {
			args.WebhookSecret = secret(webhookSecret)
		}
		for _, apply := range change {
			apply(args)
		}
		bootstrap, err := flux.NewFluxBootstrap(ctx, "flux", args)
		if err != nil {
			return err
		}
		ctx.Export("webhookURL", bootstrap.WebhookURL)
		ctx.Export("deployKey", bootstrap.DeployKey)
		return nil
	}
}

func secret(value string) pulumi.StringInput {
	return pulumi.ToSecret(pulumi.String(value)).(pulumi.StringOutput)
}

// registered is what the component of a stack makes.
func registered(t *testing.T, stack *spec.Stack, change ...func(*flux.Args)) *recorder.Recorder {
	t.Helper()
	rec := &recorder.Recorder{}
	if err := rec.Run(program(stack, change...), stack.Name); err != nil {
		t.Fatal(err)
	}
	return rec
}

// shown is a value as a person sees it in a preview.
func shown(value resource.PropertyValue) any {
	return value.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		if v.IsSecret() {
			return "[secret]", true
		}
		return nil, false
	})
}

// plainText is the text of a value that may be a secret, in however many layers.
func plainText(t *testing.T, value resource.PropertyValue) string {
	t.Helper()
	for value.IsSecret() {
		value = value.SecretValue().Element
	}
	if !value.IsString() {
		t.Fatalf("%v is no text", value)
	}
	return value.StringValue()
}

package flux_test

import (
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/flux"
	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// The secrets that every test gives.
const (
	seed        = "the machines' own secret, as long as it is"
	gitHubToken = "ghp_administers"
	statusToken = "ghp_writes_statuses"
	sopsKey     = "AGE-SECRET-KEY-1TEST"
	accessKey   = "an-access-key"
	secretKey   = "a-secret-key"
)

// private is a stack with everything that there is for an ssh repository at GitHub.
const private = "testdata/Pulumi.private.yaml"

// stacks are the fixture and every stack of the project.
func stacks(t *testing.T) []*spec.Stack {
	t.Helper()
	paths, err := filepath.Glob("../../Pulumi.*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []*spec.Stack
	for _, path := range append(paths, private) {
		out = append(out, spectest.Load(t, path))
	}
	return out
}

// program makes the component of a stack after a network, and exports what comes
// out of it.
func program(stack *spec.Stack, change ...func(*flux.Args)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		provider, err := kubernetes.NewProvider(ctx, "cluster", &kubernetes.ProviderArgs{Kubeconfig: pulumi.String("kubeconfig")})
		if err != nil {
			return err
		}
		var network pulumi.CustomResourceState
		if err := ctx.RegisterResource("test:index:StandIn", "network", pulumi.Map{}, &network); err != nil {
			return err
		}
		args := &flux.Args{
			Stack: stack, Provider: provider, Network: []pulumi.Resource{&network}, Seed: secret(seed),
			GitHubToken: secret(gitHubToken), StatusToken: secret(statusToken), SopsKey: secret(sopsKey),
			ClusterSecrets: map[string]pulumi.StringInput{},
		}
		if stack.Storage.Longhorn != nil {
			args.ClusterSecrets[settings.LonghornBackupAccessKey] = secret(accessKey)
			args.ClusterSecrets[settings.LonghornBackupSecretKey] = secret(secretKey)
		}
		for _, apply := range change {
			apply(args)
		}
		bootstrap, err := flux.New(ctx, "flux", args)
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

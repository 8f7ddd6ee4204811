package flux_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/flux"
	"github.com/home-ops/home-ops/components/flux/settings"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
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

// load reads a stack file that must be sound.
func load(t *testing.T, path string) *spec.Stack {
	t.Helper()
	stack, problems := spec.LoadFile(path)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return stack
}

// stacks are the fixture and every stack of the project.
func stacks(t *testing.T) []*spec.Stack {
	t.Helper()
	paths, err := filepath.Glob("../../Pulumi.*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []*spec.Stack
	for _, path := range append(paths, private) {
		out = append(out, load(t, path))
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

// find is the one resource of that name.
func find(t *testing.T, rec *recorder.Recorder, name string) recorder.Resource {
	t.Helper()
	for _, r := range rec.Resources() {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no %s among %v", name, rec.Names())
	return recorder.Resource{}
}

// dependencies are the names of what a resource waits for.
func dependencies(r recorder.Resource) []string {
	names := []string{}
	for _, urn := range r.Request.GetDependencies() {
		names = append(names, urn[strings.LastIndex(urn, "::")+2:])
	}
	slices.Sort(names)
	return names
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

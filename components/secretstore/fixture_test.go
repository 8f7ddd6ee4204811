package secretstore_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/secretstore"
	"github.com/home-ops/home-ops/internal/outside/outsidetest"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/internal/secretref"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// Secrets of the tests. None of them may be seen in plain text.
const (
	token       = "connect-access-token"
	credentials = `{"verifier":"of-the-connect-server"}`
	talosconfig = "context: with-a-client-key"
	kubeconfig  = "clusters: with-a-client-key"
	machineKeys = "certs: with-every-ca-key"
)

var secrets = []string{token, credentials, talosconfig, kubeconfig, machineKeys, "from-the-vault"}

const vaultID = "abcdefghijklmnopqrstuvwxyz"

// program makes the component of a stack after a network.
func program(stack *spec.Stack, change ...func(*secretstore.Args)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		provider, err := kubernetes.NewProvider(ctx, "cluster", &kubernetes.ProviderArgs{Kubeconfig: pulumi.String("k")})
		if err != nil {
			return err
		}
		var network pulumi.CustomResourceState
		if err := ctx.RegisterResource("test:index:StandIn", "network", pulumi.Map{}, &network); err != nil {
			return err
		}
		resolver, err := secretref.NewResolver(ctx, stack, outsidetest.Nothing(nil))
		if err != nil {
			return err
		}
		secret := func(text string) pulumi.StringInput {
			return pulumi.ToSecret(pulumi.String(text)).(pulumi.StringOutput)
		}
		args := &secretstore.Args{
			Stack: stack, Provider: provider, Secrets: resolver, Network: []pulumi.Resource{&network},
			BreakGlass: secretstore.BreakGlass{
				Talosconfig: secret(talosconfig), Kubeconfig: secret(kubeconfig), MachineSecrets: secret(machineKeys),
			},
		}
		for _, apply := range change {
			apply(args)
		}
		store, err := secretstore.NewSecretStore(ctx, "secrets", args)
		if err != nil {
			return err
		}
		ctx.Export("storeName", store.StoreName)
		return nil
	}
}

// engine is a recorder with the stack's secrets, and with a vault of which every item has
// every field that the stack asks for.
func engine(stack *spec.Stack) *recorder.Recorder {
	rec := &recorder.Recorder{Config: map[string]string{}}
	fields := map[string]bool{}
	for _, at := range stack.SecretRefs() {
		if key, ok := at.Ref.ConfigKey(); ok {
			rec.Config[spec.Namespace+":"+key] = token
		}
		if _, _, field, ok := at.Ref.OnePassword(); ok {
			fields[field] = true
		}
	}
	rec.Config[spec.Namespace+":onepasswordCredentials"] = credentials
	rec.SecretConfig = slices.Collect(maps.Keys(rec.Config))
	rec.Outputs = func(recorder.Resource) (string, resource.PropertyMap, error) { return "", nil, nil }
	rec.Invokes = func(call string, _ resource.PropertyMap) (resource.PropertyMap, error) {
		if strings.HasSuffix(call, ":getVault") {
			return resource.NewPropertyMapFromMap(map[string]any{"uuid": vaultID}), nil
		}
		var all []any
		for field := range fields {
			all = append(all, map[string]any{"label": field, "value": "from-the-vault"})
		}
		return resource.NewPropertyMapFromMap(map[string]any{"sections": []any{map[string]any{"fields": all}}}), nil
	}
	return rec
}

// registered is what was registered for a stack that must work.
func registered(t *testing.T, stack *spec.Stack) *recorder.Recorder {
	t.Helper()
	rec := engine(stack)
	if err := rec.Run(program(stack), stack.Name); err != nil {
		t.Fatal(err)
	}
	return rec
}

// stacks are one with Connect in the cluster, and one with Connect elsewhere and a
// break-glass item.
func stacks(t *testing.T) []*spec.Stack { return []*spec.Stack{spectest.Home(t), spectest.Lab(t)} }

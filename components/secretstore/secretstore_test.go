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
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/internal/secretref"
	"github.com/home-ops/home-ops/spec"
)

// Secrets of the tests. None of them may be seen in plain text.
const (
	token       = "connect-access-token"
	credentials = `{"verifier":"of-the-connect-server"}`
	talosconfig = "context: with-a-client-key"
	kubeconfig  = "clusters: with-a-client-key"
	machineKeys = "certs: with-every-authority"
)

var secrets = []string{token, credentials, talosconfig, kubeconfig, machineKeys, "from-the-vault"}

const vaultID = "abcdefghijklmnopqrstuvwxyz"

func load(t *testing.T, name string) *spec.Stack {
	t.Helper()
	stack, problems := spec.LoadFile("../../Pulumi." + name + ".yaml")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return stack
}

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
		resolver, err := secretref.NewResolver(ctx, stack)
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
		store, err := secretstore.New(ctx, "secrets", args)
		if err != nil {
			return err
		}
		ctx.Export("storeName", store.StoreName)
		return nil
	}
}

// engine is a recorder with the stack's secrets and a vault whose every item has every field that the stack asks for.
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

func registered(t *testing.T, stack *spec.Stack) *recorder.Recorder {
	t.Helper()
	rec := engine(stack)
	if err := rec.Run(program(stack), stack.Name); err != nil {
		t.Fatal(err)
	}
	return rec
}

// waits are what each child of the component depends on, by name.
func waits(rec *recorder.Recorder) map[string]string {
	all := map[string]string{}
	for _, r := range rec.Resources() {
		if !strings.HasPrefix(r.Name, "secrets-") {
			continue
		}
		var names []string
		for _, urn := range r.Request.GetDependencies() {
			names = append(names, urn[strings.LastIndex(urn, "::")+2:])
		}
		slices.Sort(names)
		all[r.Name] = strings.Join(names, " ")
	}
	return all
}

func TestNew_MakesEachThingAfterWhatItNeeds(t *testing.T) {
	for name, want := range map[string]map[string]string{
		// Connect runs in the cluster.
		"home": {
			"secrets-namespace":        "",
			"secrets-token":            "secrets-namespace",
			"secrets-credentials":      "secrets-namespace",
			"secrets-connect-policy":   "secrets-namespace",
			"secrets-connect":          "network secrets-connect-policy secrets-credentials secrets-namespace",
			"secrets-external-secrets": "network secrets-namespace",
			"secrets-store":            "secrets-connect secrets-external-secrets secrets-token",
		},
		// Connect runs elsewhere, and takes the break-glass item.
		"lab": {
			"secrets-namespace":        "",
			"secrets-token":            "secrets-namespace",
			"secrets-external-secrets": "network secrets-namespace",
			"secrets-store":            "secrets-external-secrets secrets-token",
			"secrets-break-glass":      "",
		},
	} {
		if got := waits(registered(t, load(t, name))); !maps.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
}

func TestNew_KeepsEverySecretSecret(t *testing.T) {
	for _, name := range []string{"home", "lab"} {
		stack := load(t, name)
		rec := registered(t, stack)
		if found := rec.PlaintextOf(secrets...); len(found) > 0 {
			t.Errorf("%s: in plain text: %v", name, found)
		}
		data, secret := rec.Find(t, "secrets-token").Value("stringData")
		if !secret || !strings.Contains(data.String(), token) {
			t.Errorf("%s: the token's Secret holds %v", name, data)
		}
	}
}

func TestNew_RestartsConnectWhenItsCredentialsChange(t *testing.T) {
	annotation := func(credentials string) string {
		stack := load(t, "home")
		rec := engine(stack)
		rec.Config["home-ops:onepasswordCredentials"] = credentials
		if err := rec.Run(program(stack), "home"); err != nil {
			t.Fatal(err)
		}
		annotations := rec.Find(t, "secrets-connect").Inputs["values"].ObjectValue()["connect"].ObjectValue()["podAnnotations"]
		return annotations.ObjectValue()["home-ops.github.io/credentials"].String()
	}
	one, other := annotation(credentials), annotation(`{"verifier":"another"}`)
	if one == other || one != annotation(credentials) {
		t.Errorf("annotations %s and %s", one, other)
	}
}

func TestNew_WritesWhatOpensTheClusterIntoTheVault(t *testing.T) {
	item := registered(t, load(t, "lab")).Find(t, "secrets-break-glass")
	if item.Type != "onepassword:index/item:Item" || item.Inputs["vault"].StringValue() != vaultID ||
		item.Inputs["title"].StringValue() != "lab break-glass" || item.Inputs["category"].StringValue() != "secure_note" {
		t.Errorf("%s %v", item.Type, item.Inputs)
	}
	if !strings.Contains(item.Request.GetProvider(), "pulumi:providers:onepassword::onepassword") {
		t.Errorf("provider %s", item.Request.GetProvider())
	}
	held := map[string]string{}
	for _, field := range item.Inputs["sections"].ArrayValue()[0].ObjectValue()["fields"].ArrayValue() {
		held[field.ObjectValue()["label"].StringValue()] = field.ObjectValue()["value"].SecretValue().Element.StringValue()
	}
	want := map[string]string{"talosconfig": talosconfig, "kubeconfig": kubeconfig, "secrets.yaml": machineKeys}
	if !maps.Equal(held, want) {
		t.Errorf("the item holds %v", held)
	}
}

func TestNew_PreviewsWithoutACluster(t *testing.T) {
	for _, name := range []string{"home", "lab"} {
		stack := load(t, name)
		if err := engine(stack).Preview(program(stack), name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNew_RefusesWhatItCannotWorkWith(t *testing.T) {
	none := load(t, "home")
	none.Secrets.OnePassword = nil
	for name, c := range map[string]struct {
		stack  *spec.Stack
		change func(*secretstore.Args)
		want   string
	}{
		"no 1Password":                 {none, func(*secretstore.Args) {}, "secretstore: the stack has no secrets.onePassword"},
		"no provider":                  {load(t, "home"), func(a *secretstore.Args) { a.Provider = nil }, "secretstore: Provider is missing: objects would go wherever the user's kubeconfig points"},
		"no machine secrets":           {load(t, "lab"), func(a *secretstore.Args) { a.BreakGlass.MachineSecrets = nil }, "secretstore: BreakGlass is incomplete: secrets.onePassword.breakGlassVault wants talosconfig, kubeconfig and machine secrets"},
		"no resolver":                  {load(t, "home"), func(a *secretstore.Args) { a.Secrets = nil }, "secretstore: Secrets is missing"},
		"credentials that are a token": {load(t, "home"), nil, "secrets.onePassword.credentialsRef: is not a 1password-credentials.json"},
	} {
		rec := engine(c.stack)
		var changes []func(*secretstore.Args)
		if c.change != nil {
			changes = append(changes, c.change)
		} else {
			rec.Config["home-ops:onepasswordCredentials"] = token
		}
		err := rec.Run(program(c.stack, changes...), c.stack.Name)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

package secretstore

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/secretstore/objects"
	"github.com/home-ops/home-ops/components/secretstore/values"
	"github.com/home-ops/home-ops/internal/helm"
	"github.com/home-ops/home-ops/internal/manifest"
	"github.com/home-ops/home-ops/internal/onepassword"
)

const (
	connectChart         = "oci://ghcr.io/1password/connect"
	externalSecretsChart = "oci://ghcr.io/external-secrets/charts/external-secrets"
	// patience is how long a chart's pods may take to run.
	patience = 10 * time.Minute
)

// builder holds what every step of New needs.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   *Args
	parent *SecretStore
}

// options are those of every object in the cluster.
func (b *builder) options(after ...pulumi.Resource) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Parent(b.parent), pulumi.Provider(b.args.Provider), pulumi.DependsOn(after)}
}

func (b *builder) object(name string, body any, after ...pulumi.Resource) (*manifest.Resource, error) {
	return manifest.New(b.ctx, b.name+"-"+name, body, b.options(after...)...)
}

// secret makes a Secret with one key.
func (b *builder) secret(name, object, key string, value pulumi.StringInput, namespace pulumi.Resource) (*manifest.Resource, error) {
	return manifest.NewWith(b.ctx, b.name+"-"+name, objects.Secret(object),
		[]manifest.Field{{Path: []string{"stringData", key}, Value: value}}, b.options(namespace)...)
}

// token is what External Secrets shows Connect.
func (b *builder) token(namespace pulumi.Resource) (*manifest.Resource, error) {
	value, err := b.args.Secrets.Secret(b.args.Stack.Secrets.OnePassword.TokenRef)
	if err != nil {
		return nil, err
	}
	return b.secret("token", objects.TokenSecret, objects.TokenKey, value, namespace)
}

// connect runs Connect in the cluster. Its pods see their credentials only when
// they start: a checksum among their annotations restarts them with every change.
func (b *builder) connect(namespace pulumi.Resource) (*helm.Release, error) {
	stack := b.args.Stack
	file, err := b.args.Secrets.Secret(stack.Secrets.OnePassword.CredentialsRef)
	if err != nil {
		return nil, err
	}
	form := file.ApplyT(func(file string) (string, error) {
		return credentials(file, stack.Versions.OnePasswordConnect)
	}).(pulumi.StringOutput)
	secret, err := b.secret("credentials", objects.CredentialsSecret, objects.CredentialsKey, form, namespace)
	if err != nil {
		return nil, err
	}
	policy, err := b.object("connect-policy", objects.ConnectPolicy(), namespace)
	if err != nil {
		return nil, err
	}
	chartValues, err := values.Connect(stack)
	if err != nil {
		return nil, err
	}
	all := pulumi.ToMap(chartValues)
	connect := pulumi.ToMap(chartValues["connect"].(map[string]any))
	connect["podAnnotations"] = pulumi.StringMap{"home-ops.github.io/credentials": form.ApplyT(checksum).(pulumi.StringOutput)}
	all["connect"] = connect
	return b.release("connect", &helm.Args{
		Name: objects.ConnectName, Chart: connectChart, Version: string(stack.Versions.OnePasswordConnect), Values: all,
	}, namespace, secret, policy)
}

func checksum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// externalSecrets brings the kinds, and waits until the operator and its webhook
// run: from then on they mean something.
func (b *builder) externalSecrets(namespace pulumi.Resource) (*helm.Release, error) {
	chartValues, err := values.ExternalSecrets(b.args.Stack)
	if err != nil {
		return nil, err
	}
	return b.release("external-secrets", &helm.Args{
		Name: objects.ExternalSecretsName, Chart: externalSecretsChart,
		Version: string(b.args.Stack.Versions.ExternalSecrets), Values: pulumi.ToMap(chartValues),
	}, namespace)
}

func (b *builder) release(name string, args *helm.Args, after ...pulumi.Resource) (*helm.Release, error) {
	args.Namespace, args.Timeout = objects.SystemNamespace, patience
	return helm.NewRelease(b.ctx, b.name+"-"+name, args, b.options(slices.Concat(b.args.Network, after)...)...)
}

// store makes the store once it can answer; connect is nil when it runs elsewhere.
func (b *builder) store(token, operator pulumi.Resource, connect *helm.Release) (*manifest.Resource, error) {
	after := []pulumi.Resource{token, operator}
	if connect != nil {
		after = append(after, connect)
	}
	return b.object("store", objects.Store(b.args.Stack), after...)
}

// breakGlass writes the item, where the stack wants one.
func (b *builder) breakGlass() (*onepassword.Item, error) {
	o, kept := b.args.Stack.Secrets.OnePassword, b.args.BreakGlass
	if o.BreakGlassVault == "" {
		return nil, nil
	}
	provider, vault, err := b.args.Secrets.OnePassword(o.BreakGlassVault)
	if err != nil {
		return nil, err
	}
	concealed := func(label string, value pulumi.StringInput) onepassword.ItemSectionField {
		return onepassword.ItemSectionField{Label: label, Type: "CONCEALED", Value: value}
	}
	return onepassword.NewItem(b.ctx, b.name+"-break-glass", &onepassword.ItemArgs{
		Vault: vault, Category: "secure_note", Title: b.args.Stack.Cluster.Name + " break-glass",
		Sections: []onepassword.ItemSection{{Label: "break-glass", Fields: []onepassword.ItemSectionField{
			concealed("talosconfig", kept.Talosconfig),
			concealed("kubeconfig", kept.Kubeconfig),
			concealed("secrets.yaml", kept.MachineSecrets),
		}}},
	}, pulumi.Parent(b.parent), pulumi.Provider(provider))
}

package onepassword

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The plugin, and where Pulumi downloads it: `up` and `preview` do so by themselves, from
// what the provider is registered with. `pulumi install` does not, for it reads the
// pulumi-plugin.json of required modules, and this one is the main module's; docs/secrets.md
// has the command.
const (
	// renovate: datasource=github-releases depName=1Password/pulumi-onepassword
	Version           = "1.1.4"
	PluginDownloadURL = "github://api.github.com/1Password/pulumi-onepassword"
)

// ProviderArgs say how to reach 1Password: through a Connect server (Url and
// Token), or with a service account, for which the provider runs the op command.
// It refuses both together, also when one is in the environment: people who use the op
// command have OP_SERVICE_ACCOUNT_TOKEN or OP_ACCOUNT there. An empty value takes the
// place of the variable.
type ProviderArgs struct {
	Url                 pulumi.StringPtrInput //nolint:revive // the SDK's own name
	Token               pulumi.StringPtrInput
	ServiceAccountToken pulumi.StringPtrInput
}

// Provider reads and writes vaults.
type Provider struct {
	pulumi.ProviderResourceState
}

// NewProvider registers a provider. Both tokens are secrets whatever they were
// before.
func NewProvider(
	ctx *pulumi.Context, name string, args *ProviderArgs, opts ...pulumi.ResourceOption,
) (*Provider, error) {
	if args == nil || (args.Url == nil || args.Token == nil) == (args.ServiceAccountToken == nil) {
		return nil, errors.New("onepassword: give either Url and Token of a Connect server, or ServiceAccountToken")
	}
	props := pulumi.Map{}
	if args.ServiceAccountToken != nil {
		props["serviceAccountToken"] = pulumi.ToSecret(args.ServiceAccountToken)
	} else {
		props["url"], props["token"] = args.Url, pulumi.ToSecret(args.Token)
		props["serviceAccountToken"], props["account"] = pulumi.String(""), pulumi.String("")
	}
	var provider Provider
	opts = append([]pulumi.ResourceOption{
		pulumi.Version(Version), pulumi.PluginDownloadURL(PluginDownloadURL),
		pulumi.AdditionalSecretOutputs([]string{"serviceAccountToken", "token"}),
	}, opts...)
	if err := ctx.RegisterResource("pulumi:providers:onepassword", name, props, &provider, opts...); err != nil {
		return nil, err
	}
	return &provider, nil
}

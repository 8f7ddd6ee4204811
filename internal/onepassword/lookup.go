package onepassword

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"google.golang.org/grpc/status"
)

// LookupVaultArgs name a vault: by its name or by its id, not both.
type LookupVaultArgs struct {
	Name *string `pulumi:"name"`
	Uuid *string `pulumi:"uuid"` //nolint:revive // the SDK's own name
}

// LookupVaultResult is a vault.
type LookupVaultResult struct {
	Name string `pulumi:"name"`
	Uuid string `pulumi:"uuid"` //nolint:revive // the SDK's own name
}

// LookupVault finds a vault. In a preview it asks 1Password too.
func LookupVault(
	ctx *pulumi.Context, args *LookupVaultArgs, opts ...pulumi.InvokeOption,
) (*LookupVaultResult, error) {
	var result LookupVaultResult
	return &result, invoke(ctx, "onepassword:index/getVault:getVault", args, &result, opts)
}

// LookupItemArgs name an item: by its title or by its id, not both.
type LookupItemArgs struct {
	Title *string `pulumi:"title"`
	Uuid  *string `pulumi:"uuid"` //nolint:revive // the SDK's own name
	// Vault is the vault's id.
	Vault string `pulumi:"vault"`
}

// LookupItemResult is an item with all of its secrets, in plain text: hand on none
// of it but as a Pulumi secret. Fields that 1Password gives every item of a
// category have names of their own here; all others are in Sections.
type LookupItemResult struct {
	Category   string           `pulumi:"category"`
	Credential string           `pulumi:"credential"`
	Database   string           `pulumi:"database"`
	Hostname   string           `pulumi:"hostname"`
	NoteValue  string           `pulumi:"noteValue"`
	Password   string           `pulumi:"password"`
	Port       string           `pulumi:"port"`
	PrivateKey string           `pulumi:"privateKey"`
	PublicKey  string           `pulumi:"publicKey"`
	Sections   []GetItemSection `pulumi:"sections"`
	Title      string           `pulumi:"title"`
	Type       string           `pulumi:"type"`
	Url        string           `pulumi:"url"` //nolint:revive // the SDK's own name
	Username   string           `pulumi:"username"`
	Uuid       string           `pulumi:"uuid"` //nolint:revive // the SDK's own name
	Vault      string           `pulumi:"vault"`
}

// GetItemSection is a section of an item. Fields that a person adds without one
// are in a section without a label.
type GetItemSection struct {
	Fields []GetItemSectionField `pulumi:"fields"`
	Id     string                `pulumi:"id"` //nolint:revive // the SDK's own name
	Label  string                `pulumi:"label"`
}

// GetItemSectionField is a field of a section.
type GetItemSectionField struct {
	Id    string `pulumi:"id"` //nolint:revive // the SDK's own name
	Label string `pulumi:"label"`
	Value string `pulumi:"value"`
}

// LookupItem reads an item. In a preview it asks 1Password too.
func LookupItem(
	ctx *pulumi.Context, args *LookupItemArgs, opts ...pulumi.InvokeOption,
) (*LookupItemResult, error) {
	var result LookupItemResult
	return &result, invoke(ctx, "onepassword:index/getItem:getItem", args, &result, opts)
}

// invoke calls a function whose answer may hold secrets, which ctx.Invoke refuses.
func invoke(ctx *pulumi.Context, token string, args, result any, opts []pulumi.InvokeOption) error {
	opts = append([]pulumi.InvokeOption{
		pulumi.Version(Version), pulumi.PluginDownloadURL(PluginDownloadURL),
	}, opts...)
	_, err := ctx.InvokePackageRaw(token, args, result, "", opts...)
	if err == nil {
		return nil
	}
	// The engine's words without the code that carried them.
	return errors.New(status.Convert(err).Message())
}

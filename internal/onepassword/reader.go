package onepassword

import (
	"fmt"
	"regexp"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/spec"
)

// Reader reads op:// references, and asks for each vault and each item once.
type Reader struct {
	ctx    *pulumi.Context
	opts   []pulumi.InvokeOption
	vaults map[string]answer[string]
	items  map[[2]string]answer[*LookupItemResult]
}

type answer[T any] struct {
	value T
	err   error
}

// NewReader makes a reader that reads through provider.
func NewReader(ctx *pulumi.Context, provider *Provider) *Reader {
	return &Reader{
		ctx: ctx, opts: []pulumi.InvokeOption{pulumi.Provider(provider)},
		vaults: map[string]answer[string]{}, items: map[[2]string]answer[*LookupItemResult]{},
	}
}

// Get reads op://vault/item/field or op://vault/item/section/field. The value is a
// Pulumi secret.
func (r *Reader) Get(ref spec.SecretRef) (pulumi.StringOutput, error) {
	vault, title, field, ok := ref.OnePassword()
	if !ok {
		return pulumi.StringOutput{}, fmt.Errorf("%s is not op://vault/item/field", ref)
	}
	item, err := r.item(vault, title)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	value, err := item.Field(field)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("1Password item %q of vault %q: %w", title, vault, err)
	}
	return pulumi.ToSecret(pulumi.String(value)).(pulumi.StringOutput), nil
}

// Vault is the id of a vault that is given by name or id.
func (r *Reader) Vault(name string) (string, error) {
	if id.MatchString(name) {
		return name, nil
	}
	known, ok := r.vaults[name]
	if !ok {
		vault, err := LookupVault(r.ctx, &LookupVaultArgs{Name: &name}, r.opts...)
		if err != nil {
			err = fmt.Errorf("1Password vault %q: %w", name, err)
		}
		known = answer[string]{vault.Uuid, err}
		r.vaults[name] = known
	}
	return known.value, known.err
}

func (r *Reader) item(vault, title string) (*LookupItemResult, error) {
	key := [2]string{vault, title}
	known, ok := r.items[key]
	if !ok {
		known.value, known.err = r.lookup(vault, title)
		r.items[key] = known
	}
	return known.value, known.err
}

func (r *Reader) lookup(vault, title string) (*LookupItemResult, error) {
	vaultID, err := r.Vault(vault)
	if err != nil {
		return nil, err
	}
	args := &LookupItemArgs{Vault: vaultID, Title: &title}
	if id.MatchString(title) {
		args.Title, args.Uuid = nil, &title
	}
	item, err := LookupItem(r.ctx, args, r.opts...)
	if err != nil {
		return nil, fmt.Errorf("1Password item %q of vault %q: %w", title, vault, err)
	}
	return item, nil
}

// id is what 1Password's own ids look like, so that names need not be asked for
// (https://developer.1password.com/docs/cli/reference/#unique-identifiers-ids).
var id = regexp.MustCompile(`^[a-z0-9]{26}$`)

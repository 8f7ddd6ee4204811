// Package secretref turns the references of a stack file into values: Pulumi
// secrets of the stack (config:key) and fields of 1Password items (op://...).
package secretref

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/component"
	"github.com/home-ops/home-ops/internal/onepassword"
	"github.com/home-ops/home-ops/internal/outside"
	"github.com/home-ops/home-ops/spec"
)

// Placeholder is what the secrets of the samples hold. A preview goes on with it.
const Placeholder = "replace-me"

// Resolver knows the value behind every reference of a stack.
type Resolver struct {
	ctx *pulumi.Context
	// transport leads to 1Password.
	transport http.RoundTripper
	values    map[spec.SecretRef]pulumi.StringOutput
	// service and reader are nil where the program cannot read 1Password.
	service *component.Service
	reader  *onepassword.Reader
}

// NewResolver reads what every reference of a validated stack leads to. One
// error names everything that is missing. It asks 1Password during previews too, and a
// Connect server by way of the transport whether it is there.
func NewResolver(ctx *pulumi.Context, stack *spec.Stack, transport http.RoundTripper) (*Resolver, error) {
	r := &Resolver{ctx: ctx, transport: transport, values: map[spec.SecretRef]pulumi.StringOutput{}}
	refs := stack.SecretRefs()
	// What 1Password itself is opened with comes before what is in it.
	err := r.read(refs, func(ref spec.SecretRef) bool { _, ok := ref.ConfigKey(); return ok })
	if o := stack.Secrets.OnePassword; o.Readable() && r.canOpen(o) {
		if err := r.open(o); err != nil {
			return nil, err
		}
		err = errors.Join(err, r.read(refs, func(ref spec.SecretRef) bool { _, _, _, ok := ref.OnePassword(); return ok }))
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Secret is the value behind a reference of the stack, as a Pulumi secret.
func (r *Resolver) Secret(ref spec.SecretRef) (pulumi.StringOutput, error) {
	value, ok := r.values[ref]
	if !ok {
		return pulumi.StringOutput{}, fmt.Errorf("%q is no reference of the stack", ref)
	}
	return value, nil
}

// Secrets is Secret for several.
func (r *Resolver) Secrets(refs []spec.SecretRef) (map[spec.SecretRef]pulumi.StringInput, error) {
	values := map[spec.SecretRef]pulumi.StringInput{}
	var errs []error
	for _, ref := range refs {
		value, err := r.Secret(ref)
		values[ref], errs = value, append(errs, err)
	}
	return values, errors.Join(errs...)
}

// OnePassword is the way by which the program makes things in 1Password, and
// the id of a vault. Without a way it is an error.
func (r *Resolver) OnePassword(vault string) (*component.Service, string, error) {
	if r.reader == nil {
		return nil, "", errors.New("the stack gives this program no way to 1Password: set secrets.onePassword.connectHost or serviceAccountTokenRef")
	}
	id, err := r.reader.Vault(vault)
	return r.service, id, err
}

// read reads the selected references. A cause is reported once, however many
// references it affects.
func (r *Resolver) read(refs []spec.LocatedRef, selected func(spec.SecretRef) bool) error {
	var errs []error
	reported := map[string]bool{}
	for _, at := range refs {
		if _, known := r.values[at.Ref]; known || !selected(at.Ref) {
			continue
		}
		value, err := r.value(at.Ref)
		if err == nil {
			r.values[at.Ref] = value
			continue
		}
		if !reported[err.Error()] {
			reported[err.Error()] = true
			errs = append(errs, fmt.Errorf("%s: %w", at.Path, err))
		}
	}
	return errors.Join(errs...)
}

func (r *Resolver) value(ref spec.SecretRef) (pulumi.StringOutput, error) {
	key, ok := ref.ConfigKey()
	if !ok {
		return r.reader.Get(ref)
	}
	key = spec.Namespace + ":" + key
	value, ok := r.ctx.GetConfig(key)
	switch {
	case !ok || value == "":
		return pulumi.StringOutput{}, fmt.Errorf("the stack has no secret %s; set it with `pulumi config set --secret %s`", key, key)
	case !r.ctx.IsConfigSecret(key):
		return pulumi.StringOutput{}, fmt.Errorf("%s is in the stack file in plain text; "+
			"make a new secret, and set it with `pulumi config set --secret %s`", key, key)
	case value == Placeholder && !r.ctx.DryRun():
		return pulumi.StringOutput{}, fmt.Errorf("%s still holds %q, as in the sample; set yours with `pulumi config set --secret %s`", key, value, key)
	default:
		return pulumi.ToSecret(pulumi.String(value)).(pulumi.StringOutput), nil
	}
}

// canOpen reports whether the secret is there that opens 1Password.
func (r *Resolver) canOpen(o *spec.OnePassword) bool {
	ref := o.ServiceAccountTokenRef
	if o.ConnectHost != "" {
		ref = o.TokenRef
	}
	_, ok := r.values[ref]
	return ok
}

// open makes the way to 1Password.
func (r *Resolver) open(o *spec.OnePassword) error {
	const name = "onepassword"
	args := &onepassword.ProviderArgs{}
	tell := func(line string) { _ = r.ctx.Log.Info(line, nil) }
	vaults := outside.NewServiceAccount(tell)
	if o.ConnectHost != "" {
		vaults = outside.NewConnect(o.ConnectHost, r.transport, tell)
		args.Url, args.Token = pulumi.String(o.ConnectHost), vaults.Token(r.values[o.TokenRef]).ToStringPtrOutput()
	} else {
		args.ServiceAccountToken = vaults.Token(r.values[o.ServiceAccountTokenRef]).ToStringPtrOutput()
	}
	provider, err := onepassword.NewProvider(r.ctx, name, args)
	if err != nil {
		return err
	}
	hooks, err := vaults.Hooks(r.ctx, name)
	r.service = &component.Service{ProviderResource: provider, Things: hooks}
	r.reader = onepassword.NewReader(r.ctx, provider)
	return err
}

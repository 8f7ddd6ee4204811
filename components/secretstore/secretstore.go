package secretstore

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/component"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/internal/secretref"
	"github.com/home-ops/home-ops/spec"
)

// Args describe how the cluster reads its vault.
type Args struct {
	// Stack is the validated stack file. It has secrets.onePassword.
	Stack *spec.Stack
	// Provider manages Kubernetes objects in the cluster.
	Provider pulumi.ProviderResource
	// Secrets has the values behind the stack's references.
	Secrets *secretref.Resolver
	// Network is what makes the nodes Ready: no pod runs before.
	Network []pulumi.Resource
	// BreakGlass is what the break-glass item holds. Without
	// secrets.onePassword.breakGlassVault it is not used.
	BreakGlass BreakGlass
}

// SecretStore is a cluster in which ExternalSecrets become Secrets. What needs one
// waits on Store or StoreName, never on the component.
type SecretStore struct {
	pulumi.ResourceState

	// Store is the store that ExternalSecrets refer to. It exists once External
	// Secrets has read the vault.
	Store *component.Object
	// StoreName is its name, known when it exists.
	StoreName pulumi.StringOutput
}

// NewSecretStore installs Connect, unless the stack names one outside the cluster, and
// External Secrets, and lets the cluster read the stack's vault.
func NewSecretStore(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*SecretStore, error) {
	if err := args.check(); err != nil {
		return nil, err
	}
	steps, err := Plan(args.Stack)
	if err != nil {
		return nil, fmt.Errorf("secretstore: %w", err)
	}
	values, err := args.values()
	if err != nil {
		return nil, fmt.Errorf("secretstore: %w", err)
	}
	s := &SecretStore{}
	c, err := component.Register(ctx, "SecretStore", name, s, opts...)
	if err != nil {
		return nil, err
	}
	made, err := c.Apply(steps, component.Inputs{
		Provider:   args.Provider,
		Values:     values,
		Conditions: map[plan.Condition][]pulumi.Resource{plan.Network: args.Network},
	})
	if err != nil {
		return nil, err
	}
	s.Store = made.Object(storeStep)
	s.StoreName = s.Store.Name()
	if err := args.breakGlass(c); err != nil {
		return nil, err
	}
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"storeName": s.StoreName})
}

func (a *Args) check() error {
	if a == nil || a.Stack == nil {
		return errors.New("secretstore: Stack is missing")
	}
	o := a.Stack.Secrets.OnePassword
	if o == nil {
		return errors.New("secretstore: the stack has no secrets.onePassword")
	}
	var errs []error
	if a.Provider == nil {
		errs = append(errs, errors.New("secretstore: Provider is missing: objects would go wherever the user's kubeconfig points"))
	}
	if a.Secrets == nil {
		errs = append(errs, errors.New("secretstore: Secrets is missing"))
	}
	if o.BreakGlassVault != "" && !a.BreakGlass.complete() {
		errs = append(errs, errors.New("secretstore: BreakGlass is incomplete: secrets.onePassword.breakGlassVault wants "+
			"talosconfig, kubeconfig and machine secrets"))
	}
	return errors.Join(errs...)
}

// values are the late values of the plan.
func (a *Args) values() (map[string]pulumi.Input, error) {
	o := a.Stack.Secrets.OnePassword
	token, err := a.Secrets.Secret(o.TokenRef)
	if err != nil {
		return nil, err
	}
	values := map[string]pulumi.Input{tokenValue: token}
	if !inCluster(a.Stack) {
		return values, nil
	}
	file, err := a.Secrets.Secret(o.CredentialsRef)
	if err != nil {
		return nil, err
	}
	form := file.ApplyT(func(file string) (string, error) {
		return credentials(file, a.Stack.Versions.OnePasswordConnect)
	}).(pulumi.StringOutput)
	values[credentialsValue] = form
	values[checksumValue] = component.Fingerprint(form, sha256.Size)
	return values, nil
}

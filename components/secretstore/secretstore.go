package secretstore

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/secretstore/objects"
	"github.com/home-ops/home-ops/internal/helm"
	"github.com/home-ops/home-ops/internal/manifest"
	"github.com/home-ops/home-ops/internal/onepassword"
	"github.com/home-ops/home-ops/internal/secretref"
	"github.com/home-ops/home-ops/spec"
)

// Args describe how the cluster reads its vault.
type Args struct {
	// Stack is the validated stack file. It has secrets.onePassword.
	Stack *spec.Stack
	// Provider manages Kubernetes objects in the cluster.
	Provider pulumi.ProviderResource
	// Secrets knows the values behind the stack's references.
	Secrets *secretref.Resolver
	// Network is what makes the nodes Ready: no pod runs before.
	Network []pulumi.Resource
	// BreakGlass is what the stack wants kept in the vault. Without
	// secrets.onePassword.breakGlassVault it is not used.
	BreakGlass BreakGlass
}

// BreakGlass is what opens the cluster when all else is lost, the state of this
// program included.
type BreakGlass struct {
	// Talosconfig and Kubeconfig give full rights over the machines and the cluster,
	// for as long as their certificates last.
	Talosconfig, Kubeconfig pulumi.StringInput
	// MachineSecrets is the bundle out of which new ones can be made at any time
	// (talosctl gen config --with-secrets).
	MachineSecrets pulumi.StringInput
}

// SecretStore is a cluster in which ExternalSecrets are met. What needs one waits
// on Store or StoreName, never on the component.
type SecretStore struct {
	pulumi.ResourceState

	// Store is the store that ExternalSecrets refer to. It exists once External
	// Secrets has read the vault.
	Store *manifest.Resource
	// StoreName is its name, known when it exists.
	StoreName pulumi.StringOutput
	// Item is the break-glass item; nil when the stack wants none.
	Item *onepassword.Item
}

// New installs Connect, unless one outside the cluster is named, and External
// Secrets, and lets the cluster read the stack's vault.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*SecretStore, error) {
	if err := args.check(); err != nil {
		return nil, err
	}
	s := &SecretStore{}
	if err := ctx.RegisterComponentResource("homeops:index:SecretStore", name, s, opts...); err != nil {
		return nil, err
	}
	b := &builder{ctx: ctx, name: name, args: args, parent: s}

	namespace, err := b.object("namespace", objects.Namespace())
	if err != nil {
		return nil, err
	}
	token, err := b.token(namespace)
	if err != nil {
		return nil, err
	}
	var connect *helm.Release
	if objects.InCluster(args.Stack) {
		if connect, err = b.connect(namespace); err != nil {
			return nil, err
		}
	}
	operator, err := b.externalSecrets(namespace)
	if err != nil {
		return nil, err
	}
	if s.Store, err = b.store(token, operator, connect); err != nil {
		return nil, err
	}
	s.StoreName = s.Store.Name()
	if s.Item, err = b.breakGlass(); err != nil {
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
	if kept := a.BreakGlass; o.BreakGlassVault != "" && (kept.Talosconfig == nil || kept.Kubeconfig == nil || kept.MachineSecrets == nil) {
		errs = append(errs, errors.New("secretstore: BreakGlass is incomplete: secrets.onePassword.breakGlassVault wants "+
			"talosconfig, kubeconfig and machine secrets"))
	}
	return errors.Join(errs...)
}

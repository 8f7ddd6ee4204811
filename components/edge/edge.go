package edge

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/edge/objects"
	"github.com/home-ops/home-ops/internal/helm"
	"github.com/home-ops/home-ops/internal/manifest"
	"github.com/home-ops/home-ops/spec"
)

// Args describe how the cluster is reached.
type Args struct {
	// Stack is the validated stack file. Wanted holds for it.
	Stack *spec.Stack
	// Provider manages Kubernetes objects in the cluster.
	Provider pulumi.ProviderResource
	// GatewayKinds are the kinds of the Gateway API.
	GatewayKinds []pulumi.Resource
	// Network is what makes the nodes Ready and gives Services their addresses.
	Network []pulumi.Resource
	// Seed is key material of the cluster, out of which the tunnel's secret is derived.
	// A stack with a tunnel has it.
	Seed pulumi.StringInput
	// CloudflareToken is the API token behind edge.cloudflare.apiTokenRef.
	CloudflareToken pulumi.StringInput
	// UniFiKey is the API key behind edge.dns.unifi.apiKeyRef.
	UniFiKey pulumi.StringInput
	// CACert and CAKey are the home's own authority, as PEM, where the stack says where
	// they are kept.
	CACert, CAKey pulumi.StringInput
}

// Access is a cluster that is reached from where it should be. What attaches a
// route waits on Gateways, never on the component.
type Access struct {
	pulumi.ResourceState

	// Gateways exist; their addresses and certificates follow.
	Gateways []pulumi.Resource
	// Issuer is the name of the ClusterIssuer that signs the gateways' certificate,
	// known once it exists: a Certificate that refers to it is created after it.
	Issuer pulumi.StringOutput
	// TunnelID is the tunnel at Cloudflare; empty without one.
	TunnelID pulumi.StringOutput
}

// Wanted reports whether a stack has anything to be reached by.
func Wanted(stack *spec.Stack) bool { return objects.Wanted(stack) }

// New makes the way in. What is public depends on nothing that is for the home
// alone: either works while the other is broken.
func New(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*Access, error) {
	if err := args.check(); err != nil {
		return nil, err
	}
	a := &Access{}
	if err := ctx.RegisterComponentResource("homeops:index:EdgeAccess", name, a, opts...); err != nil {
		return nil, err
	}
	b := &builder{ctx: ctx, name: name, args: args, stack: args.Stack, parent: a}

	if err := b.namespaces(); err != nil {
		return nil, err
	}
	if err := b.policies(); err != nil {
		return nil, err
	}
	account, err := b.cloudflare()
	if err != nil {
		return nil, err
	}
	issuer, certificate, err := b.certificates(account)
	if err != nil {
		return nil, err
	}
	a.Issuer = issuer.Name()
	if a.Gateways, err = b.gateways(); err != nil {
		return nil, err
	}
	if a.TunnelID, err = b.tunnel(account, certificate); err != nil {
		return nil, err
	}
	if err := b.publicNames(account); err != nil {
		return nil, err
	}
	if err := b.homeNames(); err != nil {
		return nil, err
	}
	return a, ctx.RegisterResourceOutputs(a, pulumi.Map{
		"exposure": pulumi.String(string(args.Stack.Edge.Exposure)),
		"issuer":   a.Issuer,
		"tunnelId": a.TunnelID,
	})
}

func (a *Args) check() error {
	if a == nil || a.Stack == nil {
		return errors.New("edge: Stack is missing")
	}
	e := a.Stack.Edge
	var errs []error
	missing := func(when bool, what string) {
		if when {
			errs = append(errs, fmt.Errorf("edge: %s", what))
		}
	}
	missing(a.Provider == nil, "Provider is missing: objects would go wherever the user's kubeconfig points")
	missing(!Wanted(a.Stack), "the stack has no edge.gateways")
	missing(e.Cloudflare != nil && a.CloudflareToken == nil, "CloudflareToken is missing: the stack has edge.cloudflare")
	missing(objects.Tunnelled(a.Stack) && a.Seed == nil, "Seed is missing: the stack has a tunnel")
	missing(e.DNS.UniFi != nil && a.UniFiKey == nil, "UniFiKey is missing: the stack has edge.dns.unifi")
	missing(e.Certificates.CACertRef != "" && (a.CACert == nil || a.CAKey == nil),
		"CACert or CAKey is missing: the stack has edge.certificates.caCertRef")
	return errors.Join(errs...)
}

// builder holds what every step of New needs, and what the first steps made.
type builder struct {
	ctx    *pulumi.Context
	name   string
	args   *Args
	stack  *spec.Stack
	parent *Access

	network, certManager pulumi.Resource // the namespaces
}

// options are those of every resource in the cluster.
func (b *builder) options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(b.parent), pulumi.Provider(b.args.Provider)}, more...)
}

// object makes an object once after is there.
func (b *builder) object(name string, body any, after ...pulumi.Resource) (*manifest.Resource, error) {
	return manifest.New(b.ctx, b.name+"-"+name, body, b.options(pulumi.DependsOn(after))...)
}

// release installs a chart once after is there and the nodes run pods.
func (b *builder) release(args *helm.Args, after ...pulumi.Resource) (*helm.Release, error) {
	args.Timeout = patience
	after = append(after, b.args.Network...)
	return helm.NewRelease(b.ctx, b.name+"-"+args.Name, args, b.options(pulumi.DependsOn(after))...)
}

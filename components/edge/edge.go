package edge

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/component"
	"github.com/home-ops/home-ops/internal/outside"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// Args describe how the cluster is reached.
type Args struct {
	// Stack is the validated stack file. [Enabled] holds for it.
	Stack *spec.Stack
	// Provider manages Kubernetes objects in the cluster.
	Provider pulumi.ProviderResource

	// Network is what makes the nodes Ready and brings the kinds of network policies.
	Network []pulumi.Resource
	// LoadBalancer is what gives Services of type LoadBalancer their addresses.
	LoadBalancer []pulumi.Resource
	// GatewayAPI is the kinds of the Gateway API.
	GatewayAPI []pulumi.Resource

	// Seed is key material of the cluster, from which the tunnel's secret is derived.
	// Required for a stack with a tunnel.
	Seed pulumi.StringInput
	// Cloudflare looks for the zone, and for what dead runs have left. Required for a stack
	// with edge.cloudflare.
	Cloudflare *outside.Cloudflare
	// CloudflareToken is the API token behind edge.cloudflare.apiTokenRef. Required for a
	// stack with edge.cloudflare.
	CloudflareToken pulumi.StringInput
	// DNSCredential is the token behind edge.dns.digitalOcean.tokenRef, or the secret key
	// behind edge.dns.route53.secretKeyRef. Required for a stack with either.
	DNSCredential pulumi.StringInput
	// UniFiKey is the API key behind edge.dns.unifi.apiKeyRef. Required for a stack with
	// edge.dns.unifi.
	UniFiKey pulumi.StringInput
	// CACert and CAKey are the home's own CA, as PEM. Required for a stack with
	// edge.certificates.caCertRef.
	CACert, CAKey pulumi.StringInput
}

// EdgeAccess is a cluster that is reached from where it should be. What attaches a
// route waits on Gateways, never on the component.
type EdgeAccess struct {
	pulumi.ResourceState

	// Gateways exist; their addresses and certificates follow.
	Gateways []pulumi.Resource
	// Issuer is the name of the ClusterIssuer that signs the gateways' certificate,
	// known once it exists: a Certificate that refers to it is created after it.
	Issuer pulumi.StringOutput
	// TunnelID is the tunnel at Cloudflare; empty without one.
	TunnelID pulumi.StringOutput
}

// NewEdgeAccess makes gateways, certificates, DNS names and the tunnel. Nothing public
// depends on what is for the home alone: either works while the other is broken.
func NewEdgeAccess(ctx *pulumi.Context, name string, args *Args, opts ...pulumi.ResourceOption) (*EdgeAccess, error) {
	if err := args.check(); err != nil {
		return nil, err
	}
	steps, err := Plan(args.Stack)
	if err != nil {
		return nil, err
	}
	e := &EdgeAccess{}
	c, err := component.Register(ctx, "EdgeAccess", name, e, opts...)
	if err != nil {
		return nil, err
	}
	cf, err := makeAtCloudflare(c, args)
	if err != nil {
		return nil, err
	}
	made, err := c.Apply(steps, component.Inputs{
		Provider: args.Provider,
		Values:   args.lateValues(cf),
		Conditions: map[plan.Condition][]pulumi.Resource{
			plan.Network:      args.Network,
			plan.LoadBalancer: args.LoadBalancer,
			plan.GatewayAPI:   args.GatewayAPI,
		},
	})
	if err != nil {
		return nil, err
	}
	e.Gateways = made.Of(stepInternalGateway, stepExternalGateway)
	e.Issuer = made.Object(stepIssuer).Name()
	e.TunnelID = cf.tunnelID()
	return e, ctx.RegisterResourceOutputs(e, pulumi.Map{
		"exposure": pulumi.String(string(args.Stack.Edge.Exposure)),
		"issuer":   e.Issuer,
		"tunnelId": e.TunnelID,
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
	missing(!Enabled(a.Stack), "the stack has no edge.gateways")
	missing(e.Cloudflare != nil && a.CloudflareToken == nil, "CloudflareToken is missing: the stack has edge.cloudflare")
	missing(e.Cloudflare != nil && a.Cloudflare == nil, "Cloudflare is missing: the stack has edge.cloudflare")
	missing((e.DNS.DigitalOcean != nil || e.DNS.Route53 != nil) && a.DNSCredential == nil,
		"DNSCredential is missing: the stack has edge.dns.digitalOcean or edge.dns.route53")
	missing(tunnelled(a.Stack) && a.Seed == nil, "Seed is missing: the stack has a tunnel")
	missing(e.DNS.UniFi != nil && a.UniFiKey == nil, "UniFiKey is missing: the stack has edge.dns.unifi")
	missing(e.Certificates.CACertRef != "" && (a.CACert == nil || a.CAKey == nil),
		"CACert or CAKey is missing: the stack has edge.certificates.caCertRef")
	return errors.Join(errs...)
}

// lateValues are those that the plan of this stack takes, and no others: a Cloudflare
// token, for one, may serve the program alone.
func (a *Args) lateValues(cf atCloudflare) map[string]pulumi.Input {
	values := map[string]pulumi.Input{}
	// A pod reads its secret once, when it starts. With the secret's fingerprint among its
	// annotations, it is replaced when the secret changes.
	withFingerprint := func(value string, secret pulumi.StringInput) {
		values[value] = secret
		values[fingerprintOf(value)] = component.Fingerprint(secret, 8)
	}
	e := a.Stack.Edge
	credential := cf.clusterToken
	if e.Cloudflare == nil {
		credential = a.DNSCredential
	}
	switch holder := holderOf(a.Stack); {
	case published(a.Stack):
		withFingerprint(holder.value, credential)
	case e.Certificates.Issuer == spec.IssuerLetsEncrypt:
		values[holder.value] = credential
	}
	if cf.tunnel != nil {
		withFingerprint(valueTunnelToken, component.Secret(cf.tunnel.TunnelToken))
	}
	if e.DNS.UniFi != nil {
		withFingerprint(valueUniFiKey, a.UniFiKey)
	}
	if e.Certificates.CACertRef != "" {
		values[valueCACert], values[valueCAKey] = a.CACert, a.CAKey
	}
	return values
}

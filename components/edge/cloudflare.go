package edge

import (
	"slices"

	"github.com/pulumi/pulumi-cloudflare/sdk/v5/go/cloudflare"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/component"
	"github.com/home-ops/home-ops/internal/outside"
	"github.com/home-ops/home-ops/spec"
)

// atCloudflare is what the cluster takes from the stack's account at Cloudflare.
type atCloudflare struct {
	// clusterToken is the API token for the zone's records; nil without an account.
	clusterToken pulumi.StringInput
	// tunnel leads to the external gateway; nil without one.
	tunnel *cloudflare.ZeroTrustTunnelCloudflared
}

func (c atCloudflare) tunnelID() pulumi.StringOutput {
	if c.tunnel == nil {
		return pulumi.String("").ToStringOutput()
	}
	return c.tunnel.ID().ToStringOutput()
}

// makeAtCloudflare makes what a stack has at Cloudflare: settings of the zone, a token
// for the cluster, the tunnel, and the record that leads to the external gateway. With
// exposure tunnel the record leads to the tunnel, with direct to the home's own address;
// with none there is no record.
func makeAtCloudflare(c *component.Component, args *Args) (made atCloudflare, err error) {
	e := args.Stack.Edge
	if e.Cloudflare == nil {
		return made, nil
	}
	made.clusterToken = component.Secret(args.CloudflareToken)
	if !tunnelled(args.Stack) && e.DNS.PublicTarget == "" && !e.Cloudflare.ClusterToken && e.Cloudflare.ZoneSettings == nil {
		return made, nil // nothing is made there
	}
	a, err := newAccount(c, args)
	if err != nil {
		return made, err
	}
	if err := a.zoneSettings(); err != nil {
		return made, err
	}
	if e.Cloudflare.ClusterToken {
		if made.clusterToken, err = a.clusterToken(); err != nil {
			return made, err
		}
	}
	switch {
	case tunnelled(args.Stack):
		if made.tunnel, err = a.tunnel(args.Seed, slices.Concat(args.Network, args.LoadBalancer)); err != nil {
			return made, err
		}
		err = a.externalRecord("CNAME", made.tunnel.Cname, true)
	case e.Exposure == spec.ExposureDirect && e.DNS.PublicTarget != "":
		err = a.externalRecord(recordType(e.DNS.PublicTarget), pulumi.String(e.DNS.PublicTarget), false)
	}
	return made, err
}

// account is the stack's account and zone at Cloudflare.
type account struct {
	*component.Component

	stack    *spec.Stack
	provider *component.Service
	// service answers within a minute, or not at all; the token opens it.
	service *outside.Cloudflare
	token   pulumi.StringOutput
	// zone is the zone's id.
	zone pulumi.StringOutput
}

func newAccount(c *component.Component, args *Args) (*account, error) {
	token := args.Cloudflare.Token(component.Secret(args.CloudflareToken))
	provider, err := cloudflare.NewProvider(c.Context, c.Name("cloudflare"), &cloudflare.ProviderArgs{ApiToken: token}, c.Options()...)
	if err != nil {
		return nil, err
	}
	hooks, err := args.Cloudflare.Hooks(c.Context, c.Name("cloudflare"))
	if err != nil {
		return nil, err
	}
	a := &account{Component: c, stack: args.Stack, provider: &component.Service{ProviderResource: provider, Things: hooks}, service: args.Cloudflare, token: token}
	cf := args.Stack.Edge.Cloudflare
	if cf.ZoneID != "" {
		a.zone = pulumi.String(cf.ZoneID).ToStringOutput()
		return a, nil
	}
	a.zone = a.lookup(cf.Zone)
	return a, nil
}

// options are those of every resource at Cloudflare.
func (a *account) options(more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return a.AtService(a.provider, more...)
}

// externalRecord leads external.DOMAIN, and with it every published name, to the
// external gateway.
func (a *account) externalRecord(recordType string, content pulumi.StringInput, proxied bool) error {
	_, err := cloudflare.NewRecord(a.Context, a.Name("external-record"), &cloudflare.RecordArgs{
		ZoneId:  a.zone,
		Name:    pulumi.String(externalName(a.stack)),
		Type:    pulumi.String(recordType),
		Content: content,
		Proxied: pulumi.Bool(proxied),
		Ttl:     pulumi.Int(1), // automatic
		Comment: pulumi.String("The external gateway of " + a.stack.Cluster.Name + ", made by home-ops"),
	}, a.options(component.ReplacedFirst())...)
	return err
}

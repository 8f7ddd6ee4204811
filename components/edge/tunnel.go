package edge

import (
	"github.com/pulumi/pulumi-cloudflare/sdk/v5/go/cloudflare"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/edge/tunnel"
	"github.com/home-ops/home-ops/internal/derive"
	"github.com/home-ops/home-ops/spec"
)

// TunnelRules are what the stack's tunnel lets in and where it leads; none without a
// tunnel.
func TunnelRules(stack *spec.Stack) []tunnel.Rule {
	if !tunnelled(stack) {
		return nil
	}
	return tunnel.Rules(tunnel.Gateway{
		Domains:    stack.Domains(),
		Service:    "https://" + gatewayService(stack, ExternalGateway) + ":443",
		ServerName: externalName(stack),
		CAPool:     caPool(stack),
	})
}

// tunnel is protected: every name that leads through it would go with it. Its secret is
// derived from its name, so that another name brings another secret: that is the way to
// replace a secret that others know.
//
// It is made after the cluster. The longest part of a run, that of the machines, is over by
// then, and with it the time in which a run is most likely to be killed.
//
// Another tunnel is made before it is deleted, unlike all else at Cloudflare: the record and
// the connectors move in between. It has another name, as it has another secret.
func (a *account) tunnel(seed pulumi.StringInput, after []pulumi.Resource) (*cloudflare.ZeroTrustTunnelCloudflared, error) {
	id, name := pulumi.String(a.stack.Edge.Cloudflare.AccountID), a.stack.Edge.Cloudflare.TunnelName
	t, err := cloudflare.NewZeroTrustTunnelCloudflared(a.Context, a.Name("tunnel"), &cloudflare.ZeroTrustTunnelCloudflaredArgs{
		AccountId: id,
		Name:      pulumi.String(name),
		ConfigSrc: pulumi.String("cloudflare"),
		Secret:    derive.Secret(seed, "cloudflare-tunnel/"+name),
	}, a.options(pulumi.Protect(true), pulumi.DependsOn(after))...)
	if err != nil {
		return nil, err
	}
	_, err = cloudflare.NewZeroTrustTunnelCloudflaredConfig(a.Context, a.Name("tunnel-config"),
		&cloudflare.ZeroTrustTunnelCloudflaredConfigArgs{
			AccountId: id,
			TunnelId:  t.ID(),
			Config: cloudflare.ZeroTrustTunnelCloudflaredConfigConfigArgs{
				IngressRules: ingress(TunnelRules(a.stack)),
			},
		},
		// The provider would move the configuration to another tunnel in place, and keep
		// reading the old one's.
		a.options(pulumi.ReplaceOnChanges([]string{"tunnelId"}))...)
	return t, err
}

func ingress(rules []tunnel.Rule) cloudflare.ZeroTrustTunnelCloudflaredConfigConfigIngressRuleArray {
	var out cloudflare.ZeroTrustTunnelCloudflaredConfigConfigIngressRuleArray
	for _, rule := range rules {
		args := cloudflare.ZeroTrustTunnelCloudflaredConfigConfigIngressRuleArgs{Service: pulumi.String(rule.Service)}
		if rule.Host != "" {
			origin := cloudflare.ZeroTrustTunnelCloudflaredConfigConfigIngressRuleOriginRequestArgs{
				OriginServerName: pulumi.String(rule.ServerName),
				Http2Origin:      pulumi.Bool(rule.HTTP2),
			}
			if rule.CAPool != "" {
				origin.CaPool = pulumi.String(rule.CAPool)
			}
			args.Hostname, args.OriginRequest = pulumi.String(rule.Host), origin
		}
		out = append(out, args)
	}
	return out
}

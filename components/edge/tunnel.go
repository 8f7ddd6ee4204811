package edge

import (
	"slices"

	"github.com/pulumi/pulumi-cloudflare/sdk/v5/go/cloudflare"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/edge/objects"
	"github.com/home-ops/home-ops/components/edge/tunnel"
	"github.com/home-ops/home-ops/internal/derive"
	"github.com/home-ops/home-ops/internal/manifest"
	"github.com/home-ops/home-ops/spec"
)

// tunnel leads the world to the external gateway. With exposure direct its name
// leads to the home's own address instead; with none it leads nowhere.
func (b *builder) tunnel(a *account, certificate pulumi.Resource) (id pulumi.StringOutput, err error) {
	none := pulumi.String("").ToStringOutput()
	switch e := b.stack.Edge; {
	case e.Exposure == spec.ExposureDirect && a != nil && e.DNS.PublicTarget != "":
		target := e.DNS.PublicTarget
		return none, b.externalRecord(a, objects.RecordType(target), pulumi.String(target), false)
	case e.Exposure != spec.ExposureTunnel:
		return none, nil
	}
	t, err := b.tunnelAtCloudflare(a)
	if err != nil {
		return none, err
	}
	if err := b.externalRecord(a, "CNAME", t.Cname, true); err != nil {
		return none, err
	}
	return t.ID().ToStringOutput(), b.connectors(t, certificate)
}

// tunnelAtCloudflare is protected: with it would go every name that leads through
// it. Its secret is that of its name, so that a new name is a new secret, and the
// way to replace one that is known to others.
//
// It is made when the cluster stands: Cloudflare would not give a second one of its
// name to a run after one that was killed before it had the answer, and the longest
// part of a run, the machines', lies behind it by then.
func (b *builder) tunnelAtCloudflare(a *account) (*cloudflare.ZeroTrustTunnelCloudflared, error) {
	name := b.stack.Edge.Cloudflare.TunnelName
	t, err := cloudflare.NewZeroTrustTunnelCloudflared(b.ctx, b.name+"-tunnel", &cloudflare.ZeroTrustTunnelCloudflaredArgs{
		AccountId: a.id,
		Name:      pulumi.String(name),
		ConfigSrc: pulumi.String("cloudflare"),
		Secret:    derive.Secret(b.args.Seed, "cloudflare-tunnel/"+name),
	}, b.at(a, pulumi.Protect(true), pulumi.DependsOn(b.args.Network))...)
	if err != nil {
		return nil, err
	}
	_, err = cloudflare.NewZeroTrustTunnelCloudflaredConfig(b.ctx, b.name+"-tunnel-config",
		&cloudflare.ZeroTrustTunnelCloudflaredConfigArgs{
			AccountId: a.id,
			TunnelId:  t.ID(),
			Config: cloudflare.ZeroTrustTunnelCloudflaredConfigConfigArgs{
				IngressRules: ingress(tunnel.Rules(b.stack)),
			},
		},
		// The provider would move the configuration to another tunnel in place, and keep
		// reading the old one's.
		append(b.at(a), pulumi.ReplaceOnChanges([]string{"tunnelId"}))...)
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

// connectors run the tunnel in the cluster. They need the authority's certificate,
// and go on to a new tunnel by themselves.
func (b *builder) connectors(t *cloudflare.ZeroTrustTunnelCloudflared, certificate pulumi.Resource) error {
	token, err := b.secret("tunnel-token", objects.Namespace, objects.TunnelToken, objects.TokenKey,
		pulumi.ToSecret(t.TunnelToken).(pulumi.StringOutput), b.network)
	if err != nil {
		return err
	}
	after := slices.Concat([]pulumi.Resource{token, certificate}, b.args.Network)
	if b.stack.Edge.Certificates.Staging {
		roots, err := b.object("letsencrypt-staging-roots", objects.StagingRoots(), b.network)
		if err != nil {
			return err
		}
		after = append(after, roots)
	}
	for _, object := range objects.Cloudflared(b.stack) {
		var fields []manifest.Field
		if object.Name == objects.ConnectorDeployment {
			fields = []manifest.Field{{
				Path:  []string{"spec", "template", "metadata", "annotations", rolloutAnnotation},
				Value: fingerprint(t.TunnelToken),
			}}
		}
		if _, err := manifest.NewWith(b.ctx, b.name+"-"+object.Name, object.Body, fields,
			b.options(pulumi.DependsOn(after))...); err != nil {
			return err
		}
	}
	return nil
}

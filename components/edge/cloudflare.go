package edge

import (
	"github.com/pulumi/pulumi-cloudflare/sdk/v5/go/cloudflare"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/edge/objects"
)

// What a token for the cluster may do, by the ids that these permissions have in
// every account (https://developers.cloudflare.com/fundamentals/api/reference/permissions/).
const (
	zoneRead = "c8fed203ed3043cba015a93ad1616f1f"
	dnsWrite = "4755a26eedb94da69e1066d98aa820be"
)

// halfYear is how long browsers remember that the domain speaks https alone, in
// seconds.
const halfYear = 15552000

// account is the stack's account and zone at Cloudflare.
type account struct {
	provider *cloudflare.Provider
	id       pulumi.String
	// zone is the zone's id.
	zone pulumi.StringOutput
	// clusterToken is the API token that the cluster gets.
	clusterToken pulumi.StringOutput
}

// cloudflare is the stack's account; nil without. Where nothing is made there, only
// the cluster's token is set.
func (b *builder) cloudflare() (*account, error) {
	c := b.stack.Edge.Cloudflare
	if c == nil {
		return nil, nil
	}
	token := pulumi.ToSecret(b.args.CloudflareToken.ToStringOutput()).(pulumi.StringOutput)
	if !objects.Tunnelled(b.stack) && b.stack.Edge.DNS.PublicTarget == "" && !c.ClusterToken {
		return &account{clusterToken: token}, nil // nothing to make there
	}
	provider, err := cloudflare.NewProvider(b.ctx, b.name+"-cloudflare", &cloudflare.ProviderArgs{
		ApiToken: token,
	}, pulumi.Parent(b.parent))
	if err != nil {
		return nil, err
	}
	a := &account{provider: provider, id: pulumi.String(c.AccountID), clusterToken: token}
	a.zone = b.zone(provider)
	if err := b.zoneSettings(a); err != nil {
		return nil, err
	}
	if c.ClusterToken {
		if a.clusterToken, err = b.clusterToken(a); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// at are the options of every resource at Cloudflare.
func (b *builder) at(a *account, more ...pulumi.ResourceOption) []pulumi.ResourceOption {
	return append([]pulumi.ResourceOption{pulumi.Parent(b.parent), pulumi.Provider(a.provider)}, more...)
}

// zone is looked up by its name and account, unless the stack has its id.
func (b *builder) zone(provider *cloudflare.Provider) pulumi.StringOutput {
	c := b.stack.Edge.Cloudflare
	if c.ZoneID != "" {
		return pulumi.String(c.ZoneID).ToStringOutput()
	}
	return cloudflare.LookupZoneOutput(b.ctx, cloudflare.LookupZoneOutputArgs{
		AccountId: pulumi.StringPtr(c.AccountID),
		Name:      pulumi.StringPtr(c.Zone),
	}, pulumi.Parent(b.parent), pulumi.Provider(provider)).Id()
}

// zoneSettings has requests speak TLS on the whole way.
func (b *builder) zoneSettings(a *account) error {
	want := b.stack.Edge.Cloudflare.ZoneSettings
	if want == nil {
		return nil
	}
	settings := &cloudflare.ZoneSettingsOverrideSettingsArgs{
		AlwaysUseHttps: pulumi.String("on"),
		MinTlsVersion:  pulumi.String("1.2"),
		Ssl:            pulumi.String("strict"),
	}
	if want.HSTS {
		settings.SecurityHeader = cloudflare.ZoneSettingsOverrideSettingsSecurityHeaderArgs{
			Enabled:           pulumi.Bool(true),
			IncludeSubdomains: pulumi.Bool(true),
			MaxAge:            pulumi.Int(halfYear),
			Nosniff:           pulumi.Bool(true),
			Preload:           pulumi.Bool(false),
		}
	}
	_, err := cloudflare.NewZoneSettingsOverride(b.ctx, b.name+"-zone-settings", &cloudflare.ZoneSettingsOverrideArgs{
		ZoneId: a.zone, Settings: settings,
	}, b.at(a)...)
	return err
}

// clusterToken may read the zone and write its records, and nothing else.
func (b *builder) clusterToken(a *account) (pulumi.StringOutput, error) {
	token, err := cloudflare.NewApiToken(b.ctx, b.name+"-cluster-token", &cloudflare.ApiTokenArgs{
		Name: pulumi.String("home-ops " + b.stack.Name + ": DNS records for the cluster"),
		Policies: cloudflare.ApiTokenPolicyArray{cloudflare.ApiTokenPolicyArgs{
			Effect:           pulumi.String("allow"),
			PermissionGroups: pulumi.StringArray{pulumi.String(zoneRead), pulumi.String(dnsWrite)},
			Resources: a.zone.ApplyT(func(zone string) map[string]string {
				return map[string]string{"com.cloudflare.api.account.zone." + zone: "*"}
			}).(pulumi.StringMapOutput),
		}},
	}, b.at(a)...)
	if err != nil {
		return pulumi.StringOutput{}, err
	}
	return pulumi.ToSecret(token.Value).(pulumi.StringOutput), nil
}

// externalRecord leads external.DOMAIN, and with it every published name, to the
// external gateway.
func (b *builder) externalRecord(a *account, recordType string, content pulumi.StringInput, proxied bool) error {
	_, err := cloudflare.NewRecord(b.ctx, b.name+"-external-record", &cloudflare.RecordArgs{
		ZoneId:  a.zone,
		Name:    pulumi.String(objects.ExternalName(b.stack)),
		Type:    pulumi.String(recordType),
		Content: content,
		Proxied: pulumi.Bool(proxied),
		Ttl:     pulumi.Int(1), // automatic
		Comment: pulumi.String("The external gateway of " + b.stack.Cluster.Name + ", made by home-ops"),
	}, b.at(a)...)
	return err
}

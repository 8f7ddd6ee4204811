package edge

import (
	"github.com/pulumi/pulumi-cloudflare/sdk/v5/go/cloudflare"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/component"
)

// What a token for the cluster may do, by the ids that these permissions have in
// every account (https://developers.cloudflare.com/fundamentals/api/reference/permissions/).
const (
	zoneRead = "c8fed203ed3043cba015a93ad1616f1f"
	dnsWrite = "4755a26eedb94da69e1066d98aa820be"
)

// hstsMaxAge is how long browsers remember that the domain speaks https alone, in
// seconds: half a year.
const hstsMaxAge = 15552000

// zoneSettings require TLS on the whole way from client to gateway, where the stack
// manages them.
func (a *account) zoneSettings() error {
	managed := a.stack.Edge.Cloudflare.ZoneSettings
	if managed == nil {
		return nil
	}
	settings := &cloudflare.ZoneSettingsOverrideSettingsArgs{
		AlwaysUseHttps: pulumi.String("on"),
		MinTlsVersion:  pulumi.String("1.2"),
		Ssl:            pulumi.String("strict"),
	}
	if managed.HSTS {
		settings.SecurityHeader = cloudflare.ZoneSettingsOverrideSettingsSecurityHeaderArgs{
			Enabled:           pulumi.Bool(true),
			IncludeSubdomains: pulumi.Bool(true),
			MaxAge:            pulumi.Int(hstsMaxAge),
			Nosniff:           pulumi.Bool(true),
			Preload:           pulumi.Bool(false),
		}
	}
	_, err := cloudflare.NewZoneSettingsOverride(a.Context, a.Name("zone-settings"), &cloudflare.ZoneSettingsOverrideArgs{
		ZoneId: a.zone, Settings: settings,
	}, a.options()...)
	return err
}

// zones are the ids of the zones of all domains, that of cluster.domain first.
func (a *account) zones() pulumi.StringArrayOutput {
	all := pulumi.StringArray{a.zone}
	looked := map[string]bool{a.stack.Edge.Cloudflare.Zone: true}
	for _, domain := range a.stack.Edge.Domains {
		if looked[domain.Zone] {
			continue
		}
		looked[domain.Zone] = true
		all = append(all, a.lookup(domain.Zone))
	}
	return all.ToStringArrayOutput()
}

// lookup is the id of a zone of the account.
func (a *account) lookup(zone string) pulumi.StringOutput {
	found := a.token.ApplyT(func(string) (string, error) {
		return a.service.Zone(a.Context.Context(), a.stack.Edge.Cloudflare.AccountID, zone)
	})
	return pulumi.Unsecret(found).(pulumi.StringOutput)
}

// clusterToken makes a token that may read the zones and write their records, and nothing
// else.
func (a *account) clusterToken() (pulumi.StringInput, error) {
	token, err := cloudflare.NewApiToken(a.Context, a.Name("cluster-token"), &cloudflare.ApiTokenArgs{
		Name: pulumi.String("home-ops " + a.stack.Name + ": DNS records for the cluster"),
		Policies: cloudflare.ApiTokenPolicyArray{cloudflare.ApiTokenPolicyArgs{
			Effect:           pulumi.String("allow"),
			PermissionGroups: pulumi.StringArray{pulumi.String(zoneRead), pulumi.String(dnsWrite)},
			Resources: a.zones().ApplyT(func(zones []string) map[string]string {
				resources := map[string]string{}
				for _, zone := range zones {
					resources["com.cloudflare.api.account.zone."+zone] = "*"
				}
				return resources
			}).(pulumi.StringMapOutput),
		}},
	}, a.options(component.ReplacedFirst())...)
	if err != nil {
		return nil, err
	}
	return component.Secret(token.Value), nil
}

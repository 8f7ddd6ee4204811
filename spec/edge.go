package spec

import (
	"net/netip"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Edge is how the outside reaches the cluster.
type Edge struct {
	// Exposure is tunnel (cloudflared connects outwards; no port is forwarded), direct (the router forwards port
	// 443 to the external gateway) or none. Default: tunnel with Cloudflare, else none.
	Exposure Exposure `json:"exposure,omitempty"`
	// Gateways are the fixed load-balancer addresses. Each lies in a pool.
	Gateways Gateways `json:"gateways,omitzero"`
	// Cloudflare is the account and zone that hold the domain.
	Cloudflare *Cloudflare `json:"cloudflare,omitempty"`
	// Domains are further domains that the gateways answer for, beside cluster.domain: in the certificate, the tunnel, the
	// published records and the home's DNS. Their names lead to external.DOMAIN of cluster.domain, whose holder holds them too.
	Domains []ExtraDomain `json:"domains,omitempty" example:"[{ name: example.org }]"`
	// DNS publishes host names.
	DNS EdgeDNS `json:"dns,omitzero"`
	// Certificates says who signs the gateways' certificates.
	Certificates Certificates `json:"certificates,omitzero"`
}

// Exposure is how public requests arrive.
type Exposure string

// The ways.
const (
	ExposureTunnel Exposure = "tunnel"
	ExposureDirect Exposure = "direct"
	ExposureNone   Exposure = "none"
)

// Values lists the ways.
func (Exposure) Values() []string { return []string{"tunnel", "direct", "none"} }

// Gateways are the fixed load-balancer addresses: one of each family that services have.
type Gateways struct {
	// Internal is the gateway of routes for the home network.
	Internal []netip.Addr `json:"internal,omitempty" max:"2" example:"[10.0.50.101]"`
	// External is the gateway of routes that the public may use.
	External []netip.Addr `json:"external,omitempty" max:"2" example:"[10.0.50.102]"`
	// DNS is k8s-gateway, which answers for the domain's names inside the home; the home's resolver forwards the
	// domain to it.
	DNS []netip.Addr `json:"dns,omitempty" max:"2" example:"[10.0.50.100]"`
}

// ExtraDomain is a further domain, with every name directly below it.
type ExtraDomain struct {
	// Name is the domain.
	Name string `json:"name" form:"domain" required:"true" example:"example.org"`
	// Zone is the zone's name at the holder of the public records. Default: the domain itself.
	Zone string `json:"zone,omitempty" form:"domain" example:"example.org"`
	// HostedZoneID is the id of its public hosted zone, at Route 53 alone.
	HostedZoneID string `json:"hostedZoneID,omitempty" form:"awsZone" example:"Z3M3LMPEXAMPLE"`
}

// Domains are all domains that the gateways answer for, cluster.domain first.
func (s *Stack) Domains() []string {
	out := []string{s.Cluster.Domain}
	for _, d := range s.Edge.Domains {
		out = append(out, d.Name)
	}
	return out
}

// Cloudflare is the account and zone that hold the domain.
type Cloudflare struct {
	// AccountID is the account's id: 32 hexadecimal digits, in the address of the dashboard.
	AccountID string `json:"accountID" form:"cloudflare" required:"true" example:"0123456789abcdef0123456789abcdef"`
	// Zone is the zone's name. Default: cluster.domain, or its parent for the domain of a subdomain.
	Zone string `json:"zone,omitempty" form:"domain" example:"example.com"`
	// ZoneID is the zone's id. Default: looked up by name.
	ZoneID string `json:"zoneID,omitempty" form:"cloudflare" example:"0123456789abcdef0123456789abcdef"`
	// TunnelName is the tunnel's name in the account. Default: the stack's name.
	TunnelName string `json:"tunnelName,omitempty"`
	// APITokenRef says where an API token with Zone Read, Zone DNS Edit and Account Cloudflare Tunnel Edit is
	// kept. Default: item cloudflare, field api-token, of the 1Password vault if this program can read it; else
	// config:cloudflareApiToken.
	APITokenRef SecretRef `json:"apiTokenRef,omitempty" example:"op://home/cloudflare/api-token"`
	// ClusterToken makes a second API token, which may edit the zone's DNS records and nothing else, and gives
	// the cluster that one. The first token then also needs User API Tokens Edit. Default: false, and the cluster
	// gets the token of APITokenRef.
	ClusterToken bool `json:"clusterToken,omitempty"`
	// ZoneSettings manages how the zone speaks TLS. Default: it stays as it is.
	ZoneSettings *ZoneSettings `json:"zoneSettings,omitempty"`
}

// ZoneSettings is how the zone speaks TLS: https always, version 1.2 and up, and certificates are checked on the
// way to the home. The API token then also needs Zone Settings Edit.
type ZoneSettings struct {
	// HSTS has browsers refuse plain http for every name of the zone, for half a year after the last visit, even
	// when that is turned off again. Default: false.
	HSTS bool `json:"hsts,omitempty"`
}

// EdgeDNS publishes host names.
type EdgeDNS struct {
	// TXTOwnerID marks the records that this cluster owns; every stack has its own, or they delete each other's
	// records (https://github.com/kubernetes-sigs/external-dns/issues/3229). Default: the stack's name.
	TXTOwnerID string `json:"txtOwnerID,omitempty"`
	// PublicTarget is where external.DOMAIN leads with exposure direct: the home's public address, or a name that
	// is kept up to date elsewhere. Every published name points at external.DOMAIN. Default: none, and a dynamic
	// DNS client of the home keeps external.DOMAIN itself.
	PublicTarget string `json:"publicTarget,omitempty" example:"home.dyndns.example"`
	// DigitalOcean holds the domain's public records, in place of Cloudflare: exposure is then direct or none, and a
	// dynamic DNS client of the home, or a record made by hand, keeps external.DOMAIN.
	DigitalOcean *DigitalOcean `json:"digitalOcean,omitempty"`
	// Route53 holds the domain's public records at Amazon, in place of Cloudflare, as DigitalOcean does.
	Route53 *Route53 `json:"route53,omitempty"`
	// UniFi also publishes the internal names at a UniFi gateway.
	UniFi *UniFi `json:"unifi,omitempty"`
}

// DigitalOcean is the account that holds the domain's records
// (https://docs.digitalocean.com/products/networking/dns/).
type DigitalOcean struct {
	// Zone is the domain as the account has it. Default: cluster.domain, or its parent for the domain of a subdomain.
	Zone string `json:"zone,omitempty" form:"domain" example:"example.com"`
	// TokenRef says where an API token with the scopes domain:read, domain:create, domain:update and domain:delete is
	// kept; the cluster gets it. Default: item digitalocean, field api-token, of the 1Password vault if this program can
	// read it; else config:digitalOceanToken.
	TokenRef SecretRef `json:"tokenRef,omitempty" example:"op://home/digitalocean/api-token"`
}

// Route53 is the hosted zone that holds the domain's records
// (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zones-working-with.html).
type Route53 struct {
	// Zone is the hosted zone's name. Default: cluster.domain, or its parent for the domain of a subdomain.
	Zone string `json:"zone,omitempty" form:"domain" example:"example.com"`
	// HostedZoneID is the public hosted zone's id. The key may then be allowed that zone alone.
	HostedZoneID string `json:"hostedZoneID" form:"awsZone" required:"true" example:"Z2FDTNDATAQYW2"`
	// Region is the region whose API signs the requests. Default: us-east-1, where Route 53 is.
	Region string `json:"region,omitempty" form:"awsRegion"`
	// AccessKeyID is the id of an access key that may do route53:ChangeResourceRecordSets and ListResourceRecordSets in
	// the zone, and ListHostedZones and GetChange; the cluster gets it. It is no secret.
	AccessKeyID string `json:"accessKeyID" form:"awsKey" required:"true" example:"AKIAIOSFODNN7EXAMPLE"`
	// SecretKeyRef says where the secret of that key is kept. Default: item route53, field secret-access-key, of the
	// 1Password vault if this program can read it; else config:route53SecretKey.
	SecretKeyRef SecretRef `json:"secretKeyRef,omitempty" example:"op://home/route53/secret-access-key"`
}

func (r *Route53) defaults() { r.Region = "us-east-1" }

// DNSZone is a zone that holds the domain's public records.
type DNSZone struct {
	// Holder names who holds it, Zone the zone itself.
	Holder, Zone string
	// path leads to the holder in the stack file.
	path *field.Path
}

// PublicZones are the zones that the stack names for its public records; a valid stack has one at most.
func (e Edge) PublicZones() []DNSZone {
	var out []DNSZone
	if c := e.Cloudflare; c != nil {
		out = append(out, DNSZone{"Cloudflare", c.Zone, field.NewPath("edge", "cloudflare")})
	}
	if d := e.DNS.DigitalOcean; d != nil {
		out = append(out, DNSZone{"DigitalOcean", d.Zone, field.NewPath("edge", "dns", "digitalOcean")})
	}
	if r := e.DNS.Route53; r != nil {
		out = append(out, DNSZone{"Route 53", r.Zone, field.NewPath("edge", "dns", "route53")})
	}
	return out
}

// UniFi is a UniFi gateway that holds local DNS records
// (https://github.com/kashalls/external-dns-unifi-webhook).
type UniFi struct {
	// URL is the controller's https address.
	URL string `json:"url" form:"https" required:"true" example:"https://10.0.0.1"`
	// APIKeyRef says where an API key of the controller is kept. Default: item unifi, field api-key, of the
	// 1Password vault if this program can read it; else config:unifiApiKey.
	APIKeyRef SecretRef `json:"apiKeyRef,omitempty" example:"op://home/unifi/api-key"`
	// Site is the site's name. Default: default.
	Site string `json:"site,omitempty"`
	// SkipTLSVerify accepts the certificate that UniFi signs itself. Default: true, because nearly all do.
	SkipTLSVerify bool `json:"skipTLSVerify,omitempty"`
}

func (u *UniFi) defaults() { u.Site, u.SkipTLSVerify = "default", true }

// Certificates says who signs the gateways' certificates.
type Certificates struct {
	// Issuer is letsencrypt (by a DNS record at Cloudflare, DigitalOcean or Route 53) or ca (a certificate authority of
	// the home's own). Default: letsencrypt with one of them, else ca.
	Issuer Issuer `json:"issuer,omitempty"`
	// Email is the address of the Let's Encrypt account.
	Email string `json:"email,omitempty" example:"me@example.com"`
	// Staging asks Let's Encrypt's test service, whose certificates no browser trusts but whose limits are wide.
	// Default: false.
	Staging bool `json:"staging,omitempty"`
	// CACertRef says where the certificate of the home's own authority is kept. Default: one is generated.
	CACertRef SecretRef `json:"caCertRef,omitempty" example:"op://home/ca/certificate"`
	// CAKeyRef says where its private key is kept.
	CAKeyRef SecretRef `json:"caKeyRef,omitempty" example:"op://home/ca/private-key"`
}

// Issuer is who signs certificates.
type Issuer string

// The issuers.
const (
	IssuerLetsEncrypt Issuer = "letsencrypt"
	IssuerCA          Issuer = "ca"
)

// Values lists the issuers.
func (Issuer) Values() []string { return []string{"letsencrypt", "ca"} }

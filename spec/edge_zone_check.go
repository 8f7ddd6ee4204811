package spec

import (
	"regexp"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Forms of Amazon's own
// (https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html,
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_HostedZone.html).
var (
	awsKeyID     = regexp.MustCompile(awsKeyIDGrammar)
	awsSecretKey = regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`)
	awsZoneID    = regexp.MustCompile(awsZoneIDGrammar)
	awsRegion    = regexp.MustCompile(awsRegionGrammar)
)

// publicDNS checks who holds the domain's public records.
func (c *checker) publicDNS() {
	zones := c.s.Edge.PublicZones()
	for i, z := range zones {
		c.zone(z)
		if i > 0 {
			c.errorf(z.path, "%s holds the domain's records already (%s): keep one of the two", zones[0].path, zones[0].Holder)
		}
	}
	r := c.s.Edge.DNS.Route53
	if r == nil {
		return
	}
	path := field.NewPath("edge", "dns", "route53")
	switch {
	case r.AccessKeyID == "" || awsKeyID.MatchString(r.AccessKeyID):
	case awsSecretKey.MatchString(r.AccessKeyID):
		c.errorf(path.Child("accessKeyID"), "has the form of a secret key: give the key's id here, and say in secretKeyRef where the secret is kept")
	default:
		c.errorf(path.Child("accessKeyID"), "%q is not the id of an access key: capitals and digits, such as AKIAIOSFODNN7EXAMPLE", r.AccessKeyID)
	}
	if r.HostedZoneID != "" && !awsZoneID.MatchString(r.HostedZoneID) {
		c.errorf(path.Child("hostedZoneID"), "%q is not the id of a hosted zone: Z, then capitals and digits", r.HostedZoneID)
	}
	if !awsRegion.MatchString(r.Region) {
		c.errorf(path.Child("region"), "%q is not a region such as us-east-1", r.Region)
	}
}

// holdersBad reports whether one who may hold public records could not be read.
func (c *checker) holdersBad() bool {
	edge := field.NewPath("edge")
	dns := edge.Child("dns")
	return c.anyBad(edge, edge.Child("cloudflare"), dns, dns.Child("digitalOcean"), dns.Child("route53"))
}

// zone checks that a zone holds the cluster's domain.
func (c *checker) zone(z DNSZone) {
	c.zoneOf(z.path.Child("zone"), field.NewPath("cluster", "domain"), c.s.Cluster.Domain, z)
}

// zoneOf checks that a zone, written at path, holds a domain, which stands at key.
func (c *checker) zoneOf(path, key *field.Path, domain string, z DNSZone) {
	switch {
	case z.Zone == "" || !isDomain(domain):
	case !isDomain(z.Zone):
		c.errorf(path, "%q is not a DNS domain such as example.com", z.Zone)
	case !within(domain, z.Zone):
		c.errorf(path, "%s does not hold %s (%s)", z.Zone, key, domain)
	case privateZone(domain) != "":
		c.errorf(key, "%s lies under .%s, which no one can register: %s cannot hold it; use a domain of your own, or leave %s out", domain, privateZone(domain), z.Holder, z.path)
	case domain != z.Zone && c.s.Edge.Exposure == ExposureTunnel:
		c.warnf(path, "%s (%s) is deeper than the zone: Cloudflare's free certificate covers %s and *.%s, not *.%s (https://developers.cloudflare.com/ssl/edge-certificates/universal-ssl/limitations/)", key, domain, z.Zone, z.Zone, domain)
	}
}

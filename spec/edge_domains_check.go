package spec

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// furtherDomains checks the domains beside cluster.domain.
func (c *checker) furtherDomains() {
	e := c.s.Edge
	seen := map[string]*field.Path{}
	if d := c.s.Cluster.Domain; d != "" {
		seen[d] = field.NewPath("cluster", "domain")
	}
	for i, d := range e.Domains {
		at := field.NewPath("edge", "domains").Index(i)
		if d.Name == "" {
			continue
		}
		if owner, taken := seen[d.Name]; taken {
			c.errorf(at.Child("name"), "%s is also %s", d.Name, owner)
			continue
		}
		seen[d.Name] = at.Child("name")
		if c.domain(at.Child("name"), d.Name) {
			c.domainHolder(at, d)
		}
	}
	g := e.Gateways
	path := field.NewPath("edge", "gateways")
	if len(e.Domains) > 0 && len(g.Internal)+len(g.External) == 0 && !c.anyBad(field.NewPath("edge"), path, path.Child("internal"), path.Child("external")) {
		c.errorf(field.NewPath("edge", "domains"), "no gateway answers for them: give edge.gateways.internal or external")
	}
}

// domainHolder checks that whoever holds the records of cluster.domain can hold those of a further domain.
func (c *checker) domainHolder(at *field.Path, d ExtraDomain) {
	zones := c.s.Edge.PublicZones()
	route53 := c.s.Edge.DNS.Route53 != nil
	switch {
	case route53 && d.HostedZoneID == "":
		c.errorf(at.Child("hostedZoneID"), "is missing: the key of edge.dns.route53 finds the zone of %s by it", d.Name)
	case route53 && !awsZoneID.MatchString(d.HostedZoneID):
		c.errorf(at.Child("hostedZoneID"), "%q is not the id of a hosted zone: Z, then capitals and digits", d.HostedZoneID)
	case !route53 && d.HostedZoneID != "":
		c.errorf(at.Child("hostedZoneID"), "has no effect without edge.dns.route53")
	}
	switch {
	case len(zones) == 0 && d.Zone != "" && !c.holdersBad():
		c.errorf(at.Child("zone"), "has no effect: nobody holds public records of this stack (edge.cloudflare, edge.dns.digitalOcean, edge.dns.route53)")
	case len(zones) > 0:
		c.zoneOf(at.Child("zone"), at.Child("name"), d.Name, DNSZone{Holder: zones[0].Holder, Zone: d.Zone, path: zones[0].path})
	}
}

// domain checks the form of a domain that gateways answer for; it reports whether it is one.
func (c *checker) domain(path *field.Path, d string) bool {
	switch {
	case strings.Contains(d, "://"):
		c.errorf(path, "%q is a URL; write the domain alone", d)
	case d != strings.ToLower(d):
		c.errorf(path, "%q has capitals; write %q", d, strings.ToLower(d))
	case strings.HasSuffix(d, "."):
		c.errorf(path, "%q has a trailing dot; write %q", d, strings.TrimSuffix(d, "."))
	case !isDomain(d):
		c.errorf(path, "%q is not a DNS domain such as example.com", d)
	case !strings.Contains(d, "."):
		c.errorf(path, "%q has only one part; browsers and certificates want at least two, such as %s.home.arpa", d, d)
	case c.s.Cluster.DNSDomain != "" && (within(d, c.s.Cluster.DNSDomain) || within(c.s.Cluster.DNSDomain, d)):
		c.errorf(path, "%s and cluster.dnsDomain (%s) overlap: the cluster's DNS would answer for both", d, c.s.Cluster.DNSDomain)
	default:
		if within(d, "local") {
			c.warnf(path, "%q lies under .local, which phones and laptops resolve by multicast instead of DNS (RFC 6762); home.arpa is meant for homes", d)
		}
		return true
	}
	return false
}

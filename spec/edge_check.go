package spec

import (
	"net/mail"
	"net/netip"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

var cloudflareID = regexp.MustCompile(cloudflareIDGrammar)

// exposure checks how public requests arrive.
func (c *checker) exposure() {
	e := c.s.Edge
	if e.Exposure == ExposureTunnel && e.Cloudflare == nil && !c.anyBad(field.NewPath("edge")) {
		c.errorf(field.NewPath("edge", "exposure"), "tunnel wants edge.cloudflare, whose account holds the tunnel")
	}
	if e.Exposure != ExposureNone && len(e.Gateways.External) == 0 && !c.anyBad(field.NewPath("edge", "gateways"), field.NewPath("edge", "gateways", "external")) {
		c.errorf(field.NewPath("edge", "gateways", "external"), "is missing: exposure %s leads public requests to it", e.Exposure)
	}
	c.publicDNS()
	cf := e.Cloudflare
	if cf == nil {
		return
	}
	path := field.NewPath("edge", "cloudflare")
	for _, id := range []struct{ key, value string }{{"accountID", cf.AccountID}, {"zoneID", cf.ZoneID}} {
		if id.value != "" && !cloudflareID.MatchString(id.value) {
			c.errorf(path.Child(id.key), "%q is not an id of Cloudflare's: 32 digits and letters a to f, as in the dashboard's address", id.value)
		}
	}
	if n := cf.TunnelName; n != "" && strings.TrimSpace(n) != n {
		c.errorf(path.Child("tunnelName"), "%q begins or ends with a blank", n)
	}
	if cf.ZoneSettings != nil && e.Exposure != ExposureTunnel {
		c.errorf(path.Child("zoneSettings"), "has no effect with exposure %s: only requests through the tunnel pass Cloudflare", e.Exposure)
	}
}

// gateways checks the fixed load-balancer addresses.
func (c *checker) gateways() {
	g := c.s.Edge.Gateways
	for _, gw := range []struct {
		key   string
		addrs []netip.Addr
		api   bool
	}{{"internal", g.Internal, true}, {"external", g.External, true}, {"dns", g.DNS, false}} {
		path := field.NewPath("edge", "gateways", gw.key)
		if gw.api && len(gw.addrs) > 0 && !c.s.Cilium.GatewayAPI.Enabled {
			c.errorf(path, "is a gateway, but cilium.gatewayAPI.enabled is false")
		}
		families := map[bool]netip.Addr{}
		for i, a := range gw.addrs {
			at := path.Index(i)
			if !a.IsValid() {
				continue
			}
			c.place(at, a, ofService, "the "+gw.key+" gateway")
			if first, ok := families[a.Is6()]; ok {
				c.errorf(at, "%s is a second %s address beside %s; a gateway has one of each family", a, familyName(a.Is6()), first)
			}
			families[a.Is6()] = a
			if c.hostAddress(at, a) {
				c.inPool(at, a)
			}
		}
	}
}

// inPool checks that Cilium will hand out a fixed address.
func (c *checker) inPool(path *field.Path, a netip.Addr) {
	if c.anyBad(field.NewPath("cilium"), field.NewPath("cilium", "pools")) {
		return
	}
	for i, p := range c.s.Cilium.Pools {
		if c.anyBad(field.NewPath("cilium", "pools").Index(i).Child("blocks")) {
			return
		}
		for _, r := range p.Blocks {
			if !r.Contains(a) {
				continue
			}
			if p.Purpose == "selected" {
				c.errorf(path, "%s lies in cilium.pools[%d] (%s), which serves only selected services: give it purpose any or gateways", a, i, p.Name)
			}
			end := r.Prefix.IsValid() && r.First != r.Last && r.First.BitLen()-r.Prefix.Bits() > 1 && (a == r.First || a == r.Last)
			if end && !p.AllowFirstLast {
				c.errorf(path, "%s is the first or last address of %s, which Cilium keeps back: take another, or set allowFirstLast on cilium.pools[%d]", a, r, i)
			}
			return
		}
	}
	c.errorf(path, "%s lies in no block of cilium.pools: nothing would hand it out", a)
}

// dns checks how names are published.
func (c *checker) dns() {
	d := c.s.Edge.DNS
	// It is written into a TXT record between quotes and commas.
	if d.TXTOwnerID == "" && c.s.isSet(field.NewPath("edge", "dns", "txtOwnerID")) || strings.ContainsAny(d.TXTOwnerID, "\"',= \t") {
		c.errorf(field.NewPath("edge", "dns", "txtOwnerID"), "%q is not a word of letters, digits and dashes", d.TXTOwnerID)
	}
	if d.UniFi != nil && d.UniFi.URL != "" {
		c.url(field.NewPath("edge", "dns", "unifi", "url"), d.UniFi.URL, "https")
	}
	c.publicTarget(d.PublicTarget)
}

// publicTarget checks where the public names lead.
func (c *checker) publicTarget(target string) {
	path := field.NewPath("edge", "dns", "publicTarget")
	if target == "" {
		return
	}
	e, external := c.s.Edge, "external."+c.s.Cluster.Domain
	if e.Exposure != ExposureDirect || e.Cloudflare == nil {
		c.errorf(path, "has no effect without exposure direct and edge.cloudflare, whose zone holds %s", external)
		return
	}
	addr, err := netip.ParseAddr(target)
	switch {
	case err == nil && (addr.IsPrivate() || !addr.IsGlobalUnicast()):
		c.errorf(path, "%s is no public address: nobody outside can reach it", addr)
	case err == nil && unreachable(addr) != "":
		c.errorf(path, "%s is %s: nobody outside can reach it", addr, unreachable(addr))
	case err == nil:
	case !isDomain(target):
		c.errorf(path, "%q is neither an address nor a host name such as home.dyndns.example", target)
	case target == external:
		c.errorf(path, "%s would lead to itself: leave it out if a dynamic DNS client keeps it", target)
	}
}

// unreachable says what an address is that no one routes in the Internet
// (https://www.iana.org/assignments/iana-ipv4-special-registry, iana-ipv6-special-registry).
func unreachable(a netip.Addr) string {
	for _, r := range []struct{ prefix, what string }{
		{"100.64.0.0/10", "shared by the customers of a provider (RFC 6598)"},
		{"192.0.0.0/24", "kept for protocols (RFC 6890)"},
		{"192.0.2.0/24", "for documentation (RFC 5737)"},
		{"198.51.100.0/24", "for documentation (RFC 5737)"},
		{"203.0.113.0/24", "for documentation (RFC 5737)"},
		{"198.18.0.0/15", "for measurements (RFC 2544)"},
		{"240.0.0.0/4", "reserved (RFC 1112)"},
		{"2001:db8::/32", "for documentation (RFC 3849)"},
		{"3fff::/20", "for documentation (RFC 9637)"},
		{"64:ff9b:1::/48", "for translation inside a network (RFC 8215)"},
		{"100::/64", "to be discarded (RFC 6666)"},
	} {
		if netip.MustParsePrefix(r.prefix).Contains(a) {
			return r.what
		}
	}
	return ""
}

// certificates checks who signs.
func (c *checker) certificates() {
	ce := c.s.Edge.Certificates
	path := field.NewPath("edge", "certificates")
	if ce.Issuer == IssuerCA {
		if ce.Staging {
			c.errorf(path.Child("staging"), "has no effect with issuer ca")
		}
		switch {
		case ce.CACertRef != "" && ce.CAKeyRef == "":
			c.errorf(path.Child("caKeyRef"), "is missing: a certificate without its key cannot sign")
		case ce.CACertRef == "" && ce.CAKeyRef != "":
			c.errorf(path.Child("caCertRef"), "is missing: caKeyRef is the key of a certificate")
		}
		return
	}
	if ce.Issuer != IssuerLetsEncrypt {
		return
	}
	if ce.CACertRef != "" || ce.CAKeyRef != "" {
		c.errorf(path, "caCertRef and caKeyRef have no effect with issuer letsencrypt")
	}
	switch a, err := mail.ParseAddress(ce.Email); {
	case ce.Email == "":
		if !c.anyBad(path) {
			c.errorf(path.Child("email"), "is missing: Let's Encrypt wants an address for the account")
		}
	case err != nil || a.Address != ce.Email || !strings.Contains(ce.Email, "."):
		c.errorf(path.Child("email"), "%q is not a mail address", ce.Email)
	}
	if len(c.s.Edge.PublicZones()) == 0 && !c.holdersBad() {
		c.errorf(path.Child("issuer"), "letsencrypt proves the domain by a DNS record: give edge.cloudflare, edge.dns.digitalOcean or edge.dns.route53, or use issuer ca")
	}
}

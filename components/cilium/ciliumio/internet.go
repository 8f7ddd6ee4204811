package ciliumio

import (
	"net/netip"
	"slices"
)

// CIDRRule is a network, without some of its parts.
type CIDRRule struct {
	CIDR   string   `json:"cidr"`
	Except []string `json:"except,omitempty"`
}

// private are the networks that no one on the internet has, of both families: RFC 1918, RFC 6598 (a provider's own
// NAT, and most overlay networks), RFC 3927, RFC 4193 and RFC 4291.
var private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("172.16.0.0/12"),
	netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("fc00::/7"),
	netip.MustParsePrefix("fe80::/10"),
}

// Internet is everything outside the cluster but the home: private networks, and those given, which may have
// addresses of the internet. A network of the home that has such addresses and is not given counts as the internet.
func Internet(home ...netip.Prefix) []CIDRRule {
	rules := []CIDRRule{{CIDR: "0.0.0.0/0"}, {CIDR: "::/0"}}
	for _, prefix := range homes(home) {
		of := &rules[0]
		if prefix.Addr().Is6() {
			of = &rules[1]
		}
		of.Except = append(of.Except, prefix.String())
	}
	return rules
}

// Home is what Internet leaves out.
func Home(home ...netip.Prefix) []CIDRRule {
	var rules []CIDRRule
	for _, prefix := range homes(home) {
		rules = append(rules, CIDRRule{CIDR: prefix.String()})
	}
	return rules
}

// homes are the private networks, and those of the given ones that lie in none of them.
func homes(more []netip.Prefix) []netip.Prefix {
	all := slices.Clone(private)
	for _, prefix := range more {
		if !slices.ContainsFunc(all, func(p netip.Prefix) bool { return p.Contains(prefix.Addr()) && p.Bits() <= prefix.Bits() }) {
			all = append(all, prefix.Masked())
		}
	}
	return all
}

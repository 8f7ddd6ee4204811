// Package tunnel says what a Cloudflare Tunnel lets in and where it leads. It knows
// nothing of stacks and of Pulumi.
package tunnel

import "strings"

// Rule sends requests for a host to a service. The first that matches counts
// (https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/configure-tunnels/cloudflared-parameters/origin-parameters/).
type Rule struct {
	// Host is a host name or a wildcard; empty is every request.
	Host string `json:"hostname,omitempty"`
	// Service is a URL, or http_status:CODE for an answer without one.
	Service string `json:"service"`
	// ServerName is the name that the service's certificate must have.
	ServerName string `json:"originServerName,omitempty"`
	// HTTP2 speaks HTTP/2 to the service, as gRPC needs.
	HTTP2 bool `json:"http2Origin,omitempty"`
	// CAPool is the file, in the connector's pod, with the CA that signed the service's
	// certificate. Default: the public CAs.
	CAPool string `json:"caPool,omitempty"`
}

// Gateway is where a tunnel leads.
type Gateway struct {
	// Domains are let in, and every name directly below each.
	Domains []string
	// Service is the gateway's URL in the cluster.
	Service string
	// ServerName is a name below the first domain that the gateway's certificate is valid for. It is
	// asked for in the place of the wildcard, which is no name of a server.
	ServerName string
	// CAPool is the file, in the connector's pod, with the CA that signed the gateway's
	// certificate. Default: the public CAs.
	CAPool string
}

// Rules lead the domains and every name directly below each to the gateway, and nothing
// anywhere else: which of the names exist is decided by the gateway's routes. The Git
// server's webhook is one of them.
func Rules(to Gateway) []Rule {
	var rules []Rule
	for _, domain := range to.Domains {
		// The gateway's listeners are told apart by the server name, which is the domain's own.
		rules = append(rules, to.rule("*."+domain, to.serverName(domain)), to.rule(domain, domain))
	}
	return append(rules, Rule{Service: "http_status:404"})
}

// serverName is a name below the domain: that of the gateway where the domain is the first.
func (g Gateway) serverName(domain string) string {
	if domain == g.Domains[0] {
		return g.ServerName
	}
	first, _, _ := strings.Cut(g.ServerName, ".")
	return first + "." + domain
}

func (g Gateway) rule(host, serverName string) Rule {
	return Rule{Host: host, Service: g.Service, ServerName: serverName, HTTP2: true, CAPool: g.CAPool}
}

// Package tunnel says what a Cloudflare Tunnel lets in and where it leads. It knows
// nothing of stacks and of Pulumi.
package tunnel

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
	// Domain is let in, and every name directly below it.
	Domain string
	// Service is the gateway's URL in the cluster.
	Service string
	// ServerName is a name below Domain that the gateway's certificate is valid for. It is
	// asked for in the place of the wildcard, which is no name of a server.
	ServerName string
	// CAPool is the file, in the connector's pod, with the CA that signed the gateway's
	// certificate. Default: the public CAs.
	CAPool string
}

// Rules lead the domain and every name directly below it to the gateway, and nothing
// anywhere else: which of the names exist is decided by the gateway's routes. The Git
// server's webhook is one of them.
func Rules(to Gateway) []Rule {
	return []Rule{
		to.rule("*."+to.Domain, to.ServerName),
		to.rule(to.Domain, to.Domain),
		{Service: "http_status:404"},
	}
}

func (g Gateway) rule(host, serverName string) Rule {
	return Rule{Host: host, Service: g.Service, ServerName: serverName, HTTP2: true, CAPool: g.CAPool}
}

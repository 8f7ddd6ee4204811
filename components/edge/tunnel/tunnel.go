// Package tunnel says what a Cloudflare tunnel lets in and where it leads. It knows
// nothing of Pulumi.
package tunnel

import (
	"github.com/home-ops/home-ops/components/edge/objects"
	"github.com/home-ops/home-ops/spec"
)

// Rule sends requests for a host to a service. The first that matches counts
// (https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/configure-tunnels/cloudflared-parameters/origin-parameters/).
type Rule struct {
	// Host is a host name or a wildcard; empty is every request.
	Host string `json:"hostname,omitempty"`
	// Service is a URL, or http_status:CODE for an answer without one.
	Service string `json:"service"`
	// ServerName is the name that the service's certificate must have.
	ServerName string `json:"originServerName,omitempty"`
	// HTTP2 speaks HTTP/2 to the service, as gRPC wants.
	HTTP2 bool `json:"http2Origin,omitempty"`
	// CAPool is the file with the authority that signed the certificate, in the
	// connector's pod. Empty is every public one.
	CAPool string `json:"caPool,omitempty"`
}

// Rules lead the domain and every name directly below it to the external gateway,
// and nothing anywhere else: which of the names exist is for the gateway's routes
// to say. The Git server's webhook is one of them.
func Rules(stack *spec.Stack) []Rule {
	domain := stack.Cluster.Domain
	return []Rule{
		toGateway(stack, "*."+domain, objects.ExternalName(stack)),
		toGateway(stack, domain, domain),
		{Service: "http_status:404"},
	}
}

func toGateway(stack *spec.Stack, host, serverName string) Rule {
	return Rule{
		Host:       host,
		Service:    "https://" + objects.GatewayService(stack, objects.ExternalGateway) + ":443",
		ServerName: serverName,
		HTTP2:      true,
		CAPool:     objects.CAPool(stack),
	}
}

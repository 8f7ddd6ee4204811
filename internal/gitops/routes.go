package gitops

import (
	"fmt"
	"slices"

	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/spec"
)

// CheckRoutes reports routes to the external gateway out of namespaces that may not
// publish anything: the gateway would not take them, and say so only in their status.
func (c *Cluster) CheckRoutes() []error {
	public := map[string]bool{}
	for _, o := range c.Objects {
		if o.GetKind() == "Namespace" && o.GetLabels()[labels.ExternalGateway] == "true" {
			public[o.GetName()] = true
		}
	}
	var problems []error
	for _, o := range c.Objects {
		if o.GetKind() == "HTTPRoute" && !public[o.GetNamespace()] && slices.Contains(gatewaysOf(o), labels.GatewayExternal) {
			problems = append(problems, fmt.Errorf("%s: the external gateway takes no routes from the namespace; give it the label %s: \"true\", or use the internal one",
				o.Where(), labels.ExternalGateway))
		}
	}
	return problems
}

// CheckApex reports public routes for a domain itself where its records' holder cannot
// publish them: external-dns would write a CNAME, as for every other name, and a zone's
// own name cannot have one (RFC 1034 3.6.2). Cloudflare answers with what it leads to.
func (c *Cluster) CheckApex(stack *spec.Stack) []error {
	holder := ""
	switch dns := stack.Edge.DNS; {
	case stack.Edge.Exposure == spec.ExposureNone:
	case dns.DigitalOcean != nil:
		holder = "DigitalOcean"
	case dns.Route53 != nil:
		holder = "Route 53"
	}
	if holder == "" {
		return nil
	}
	zones := map[string]bool{}
	for _, z := range stack.Edge.PublicZones() {
		zones[z.Zone] = true
	}
	for _, d := range stack.Edge.Domains {
		zones[d.Zone] = true
	}
	var problems []error
	for _, o := range c.Objects {
		byHand := o.GetAnnotations()["external-dns.alpha.kubernetes.io/controller"] == "none"
		if o.GetKind() != "HTTPRoute" || byHand || !slices.Contains(gatewaysOf(o), labels.GatewayExternal) {
			continue
		}
		hosts, _ := mapAt(o.Object, "spec")["hostnames"].([]any)
		for _, host := range hosts {
			if name, ok := host.(string); ok && zones[name] {
				problems = append(problems, fmt.Errorf("%s: %s is a zone's own name, for which %s takes no CNAME to external.%s: serve it at www.%s, or keep an address record of %s by hand and give the route the annotation external-dns.alpha.kubernetes.io/controller: none",
					o.Where(), name, holder, stack.Cluster.Domain, name, name))
			}
		}
	}
	return problems
}

// gatewaysOf are the names of the gateways that a route wants to be attached to.
func gatewaysOf(route Object) []string {
	var names []string
	parents, _ := mapAt(route.Object, "spec")["parentRefs"].([]any)
	for _, parent := range parents {
		fields, _ := parent.(map[string]any)
		if name, ok := fields["name"].(string); ok {
			names = append(names, name)
		}
	}
	return names
}

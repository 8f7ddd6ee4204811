package gitops

import (
	"fmt"
	"slices"

	"github.com/home-ops/home-ops/internal/labels"
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

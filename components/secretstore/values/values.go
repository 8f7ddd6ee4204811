// Package values makes the Helm values of the secret store's charts.
package values

import (
	_ "embed"

	"github.com/home-ops/home-ops/components/secretstore/objects"
	"github.com/home-ops/home-ops/internal/chartvalues"
	"github.com/home-ops/home-ops/spec"
)

//go:embed connect.yaml
var connectValues []byte

//go:embed external-secrets.yaml
var externalSecretsValues []byte

// Connect is the values of Connect's chart.
func Connect(stack *spec.Stack) (map[string]any, error) {
	all, err := chartvalues.Read("components/secretstore/values/connect.yaml", connectValues)
	if err != nil {
		return nil, err
	}
	connect := all["connect"].(map[string]any)
	connect["applicationName"] = objects.ConnectName
	connect["credentialsName"] = objects.CredentialsSecret
	connect["credentialsKey"] = objects.CredentialsKey
	connect["replicas"] = replicas(stack)
	return all, nil
}

// ExternalSecrets is the values of External Secrets' chart.
func ExternalSecrets(stack *spec.Stack) (map[string]any, error) {
	all, err := chartvalues.Read("components/secretstore/values/external-secrets.yaml", externalSecretsValues)
	if err != nil {
		return nil, err
	}
	for _, part := range []map[string]any{all, all["webhook"].(map[string]any)} {
		part["replicaCount"] = replicas(stack)
		// With a single replica a budget would keep its node from ever being drained.
		part["podDisruptionBudget"] = map[string]any{"enabled": replicas(stack) > 1}
	}
	return all, nil
}

// replicas is one to work and one to take over, where there are two nodes for them.
func replicas(stack *spec.Stack) int { return min(len(stack.LoadBalancerNodes()), 2) }

package secretstore

import (
	_ "embed"

	"github.com/home-ops/home-ops/internal/chartvalues"
	"github.com/home-ops/home-ops/spec"
)

//go:embed values/connect.yaml
var connectFile []byte

//go:embed values/external-secrets.yaml
var externalSecretsFile []byte

// connectValues are the values of Connect's chart: the file, and over it what the stack
// and this package decide.
func connectValues(stack *spec.Stack) (map[string]any, error) {
	type server struct {
		ApplicationName string `json:"applicationName"`
		CredentialsName string `json:"credentialsName"`
		CredentialsKey  string `json:"credentialsKey"`
		Replicas        int    `json:"replicas"`
	}
	return chartvalues.Over("components/secretstore/values/connect.yaml", connectFile, struct {
		Connect server `json:"connect"`
	}{server{
		ApplicationName: connectName,
		CredentialsName: credentialsSecret,
		CredentialsKey:  credentialsKey,
		Replicas:        replicas(stack),
	}})
}

// externalSecretsValues are the values of External Secrets' chart: the file, and over it
// what the stack decides.
func externalSecretsValues(stack *spec.Stack) (map[string]any, error) {
	all := replicated{ReplicaCount: replicas(stack)}
	// With a single replica, a budget would keep its node from ever being drained.
	all.PodDisruptionBudget.Enabled = all.ReplicaCount > 1
	return chartvalues.Over("components/secretstore/values/external-secrets.yaml", externalSecretsFile, struct {
		replicated
		Webhook replicated `json:"webhook"`
	}{all, all})
}

// replicated is the part of a workload's values that the number of nodes decides.
type replicated struct {
	ReplicaCount        int `json:"replicaCount"`
	PodDisruptionBudget struct {
		Enabled bool `json:"enabled"`
	} `json:"podDisruptionBudget"`
}

// replicas is one to work and one to take over, where there are two nodes for them.
func replicas(stack *spec.Stack) int { return min(len(stack.LoadBalancerNodes()), 2) }

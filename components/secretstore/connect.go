package secretstore

import (
	"fmt"

	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

const (
	// connectName is the name of Connect's release, its Service and its pods.
	connectName = "onepassword-connect"
	// connectPort is where it serves its API in the cluster, over plain HTTP. Between
	// nodes, WireGuard encrypts it where cilium.encryption is on.
	connectPort = 8080

	// credentialsSecret is the Secret in which Connect finds its credentials, and
	// credentialsKey their key in it.
	credentialsSecret = "onepassword-connect-credentials"
	credentialsKey    = "1password-credentials.json"
)

// inCluster reports whether Connect runs in the cluster.
func inCluster(stack *spec.Stack) bool { return stack.Secrets.OnePassword.ConnectHost == "" }

// connectSteps run Connect in the cluster. Its pods read their credentials only when
// they start: a checksum among their annotations restarts them with every change.
func connectSteps(stack *spec.Stack) (plan.Steps, error) {
	values, err := connectValues(stack)
	return plan.Steps{
		secretStep(credentialsStep, credentialsSecret, credentialsKey, credentialsValue),
		// Cilium's operator installs the policy's kind.
		{Name: policyStep, Object: connectPolicy(), After: []string{namespaceStep}, Needs: []plan.Condition{plan.Network}},
		{
			Name: connectStep,
			Release: &plan.Release{
				Name: connectName, Namespace: Namespace,
				Chart: plan.Chart{
					Registry: "oci://ghcr.io/1password", Name: "connect", Version: string(stack.Versions.OnePasswordConnect),
				},
				Values:  values,
				Timeout: podsTimeout,
			},
			From: []plan.From{{
				Path:  []string{"connect", "podAnnotations", "home-ops.github.io/credentials"},
				Value: checksumValue,
			}},
			After: []string{namespaceStep, credentialsStep, policyStep},
			Needs: []plan.Condition{plan.Network},
		},
	}, err
}

// ConnectURL is where External Secrets reaches Connect.
func ConnectURL(stack *spec.Stack) string {
	if !inCluster(stack) {
		return stack.Secrets.OnePassword.ConnectHost
	}
	return fmt.Sprintf("http://%s.%s.svc.%s:%d", connectName, Namespace, stack.Cluster.DNSDomain, connectPort)
}

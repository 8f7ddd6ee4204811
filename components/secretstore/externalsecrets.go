package secretstore

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/secretstore/esio"
	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

const (
	// externalSecretsName is the name of the operator's release and of its pods.
	externalSecretsName = "external-secrets"

	// storeName is what an ExternalSecret refers to.
	storeName = "onepassword"
	// tokenSecret is the Secret in which External Secrets finds its access token, and
	// tokenKey its key in it.
	tokenSecret = "onepassword-connect-token"
	tokenKey    = "token"
)

// externalSecrets brings the kinds of External Secrets. The release is ready once the
// operator and its webhook run: until then nobody acts on an object of these kinds.
func externalSecrets(stack *spec.Stack) (plan.Step, error) {
	values, err := externalSecretsValues(stack)
	return plan.Step{
		Name: externalSecretsStep,
		Release: &plan.Release{
			Name: externalSecretsName, Namespace: Namespace,
			Chart: plan.Chart{
				Registry: "oci://ghcr.io/external-secrets/charts", Name: "external-secrets",
				Version: string(stack.Versions.ExternalSecrets),
			},
			Values:  values,
			Timeout: podsTimeout,
		},
		After: []string{namespaceStep},
		Needs: []plan.Condition{plan.Network},
	}, err
}

// store is the store that ExternalSecrets of every namespace refer to. It exists once
// External Secrets has read the vault through it.
func store(stack *spec.Stack) *esio.ClusterSecretStore {
	return &esio.ClusterSecretStore{
		TypeMeta: metav1.TypeMeta{APIVersion: "external-secrets.io/v1", Kind: "ClusterSecretStore"},
		ObjectMeta: metav1.ObjectMeta{
			Name: storeName,
			// https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/#pulumi-kubernetes-annotations
			Annotations: map[string]string{"pulumi.com/waitFor": "condition=Ready"},
		},
		Spec: esio.SecretStoreSpec{Provider: esio.Provider{OnePassword: esio.OnePassword{
			ConnectHost: ConnectURL(stack),
			Vaults:      map[string]int{stack.Secrets.OnePassword.Vault: 1},
			Auth: esio.Auth{SecretRef: esio.SecretRef{ConnectToken: esio.KeySelector{
				Name: tokenSecret, Namespace: Namespace, Key: tokenKey,
			}}},
		}}},
	}
}

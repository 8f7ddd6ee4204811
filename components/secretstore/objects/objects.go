// Package objects builds the Kubernetes objects of the secret store out of a stack
// file. No secret is in them: those are put in where the objects are registered.
package objects

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/secretstore/esio"
	"github.com/home-ops/home-ops/spec"
)

const (
	// StoreName is what an ExternalSecret refers to.
	StoreName = "onepassword"
	// SystemNamespace is where Connect and External Secrets run.
	SystemNamespace = "external-secrets"

	// ConnectName is the chart's name for Connect, its Service and its pods.
	ConnectName = "onepassword-connect"
	// ConnectPort is where it serves its API in the cluster, in plain HTTP: what it
	// says passes over WireGuard where cilium.encryption is on.
	ConnectPort = 8080

	// CredentialsSecret is the Secret in which Connect finds its credentials.
	CredentialsSecret = "onepassword-connect-credentials"
	// CredentialsKey is their key in it.
	CredentialsKey = "1password-credentials.json"
	// TokenSecret is the Secret in which External Secrets finds its access token.
	TokenSecret = "onepassword-connect-token"
	// TokenKey is its key in it.
	TokenKey = "token"

	// ExternalSecretsName is the chart's name for the operator and its pods.
	ExternalSecretsName = "external-secrets"
)

// InCluster reports whether Connect runs in the cluster.
func InCluster(stack *spec.Stack) bool { return stack.Secrets.OnePassword.ConnectHost == "" }

// All lists every object of a stack but the Secrets, in the order in which they are
// made.
func All(stack *spec.Stack) []any {
	all := []any{Namespace()}
	if InCluster(stack) {
		all = append(all, ConnectPolicy())
	} else {
		all = append(all, StorePolicy(stack))
	}
	return append(all, Store(stack))
}

// Namespace is the namespace of the store.
func Namespace() *corev1.Namespace {
	return &corev1.Namespace{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"},
		ObjectMeta: metav1.ObjectMeta{Name: SystemNamespace},
	}
}

// Secret is an empty Secret of the store.
func Secret(name string) *corev1.Secret {
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: SystemNamespace},
		Type:       corev1.SecretTypeOpaque,
	}
}

// Store is the store that ExternalSecrets of every namespace refer to. It exists
// once External Secrets has read the vault through it.
func Store(stack *spec.Stack) *esio.ClusterSecretStore {
	return &esio.ClusterSecretStore{
		TypeMeta: metav1.TypeMeta{APIVersion: "external-secrets.io/v1", Kind: "ClusterSecretStore"},
		ObjectMeta: metav1.ObjectMeta{
			Name: StoreName,
			// https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/#pulumi-kubernetes-annotations
			Annotations: map[string]string{"pulumi.com/waitFor": "condition=Ready"},
		},
		Spec: esio.SecretStoreSpec{Provider: esio.Provider{OnePassword: esio.OnePassword{
			ConnectHost: connectHost(stack),
			Vaults:      map[string]int{stack.Secrets.OnePassword.Vault: 1},
			Auth: esio.Auth{SecretRef: esio.SecretRef{ConnectToken: esio.KeySelector{
				Name: TokenSecret, Namespace: SystemNamespace, Key: TokenKey,
			}}},
		}}},
	}
}

func connectHost(stack *spec.Stack) string {
	if !InCluster(stack) {
		return stack.Secrets.OnePassword.ConnectHost
	}
	return "http://" + ConnectName + "." + SystemNamespace + ".svc." + stack.Cluster.DNSDomain + ":8080"
}

// Package esio has the one kind of External Secrets that the program makes, with the
// fields that it sets. External Secrets' own Go types would add 484 packages to the
// program.
// Source: https://external-secrets.io/latest/provider/1password-automation/
package esio

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ClusterSecretStore lets the ExternalSecrets of every namespace read a store.
type ClusterSecretStore struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              SecretStoreSpec `json:"spec"`
}

// SecretStoreSpec says which store it is.
type SecretStoreSpec struct {
	Provider Provider `json:"provider"`
}

// Provider is the kind of store.
type Provider struct {
	OnePassword OnePassword `json:"onepassword"`
}

// OnePassword is a store behind a Connect server.
type OnePassword struct {
	ConnectHost string `json:"connectHost"`
	// Vaults are the vaults to search, each with its place in the order.
	Vaults map[string]int `json:"vaults"`
	Auth   Auth           `json:"auth"`
}

// Auth is how the caller shows Connect who it is.
type Auth struct {
	SecretRef SecretRef `json:"secretRef"`
}

// SecretRef names the Secret with the access token.
type SecretRef struct {
	ConnectToken KeySelector `json:"connectTokenSecretRef"`
}

// KeySelector is a key of a Secret.
type KeySelector struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Key       string `json:"key"`
}

package certmanagerio

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ClusterIssuer signs certificates for every namespace
// (https://cert-manager.io/docs/configuration/).
type ClusterIssuer struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              IssuerSpec `json:"spec"`
}

// IssuerSpec is one of the ways to sign.
type IssuerSpec struct {
	ACME       *ACME       `json:"acme,omitempty"`
	CA         *CA         `json:"ca,omitempty"`
	SelfSigned *SelfSigned `json:"selfSigned,omitempty"`
}

// ACME has a public authority sign, which wants to see that the domain is ours.
type ACME struct {
	// Server is the authority's directory.
	Server string `json:"server"`
	Email  string `json:"email"`
	// PrivateKeySecretRef is where cert-manager keeps the account's key.
	PrivateKeySecretRef SecretName `json:"privateKeySecretRef"`
	Solvers             []Solver   `json:"solvers"`
}

// Solver shows that a domain is ours.
type Solver struct {
	Selector Selector `json:"selector"`
	DNS01    DNS01    `json:"dns01"`
}

// Selector chooses the names that a solver is for.
type Selector struct {
	DNSZones []string `json:"dnsZones"`
}

// DNS01 shows it by a record in the domain.
type DNS01 struct {
	Cloudflare Cloudflare `json:"cloudflare"`
}

// Cloudflare holds the zone.
type Cloudflare struct {
	APITokenSecretRef SecretKey `json:"apiTokenSecretRef"`
}

// CA signs with the certificate and key of a Secret in cert-manager's namespace.
type CA struct {
	SecretName string `json:"secretName"`
}

// SelfSigned has each certificate sign itself.
type SelfSigned struct{}

// SecretName is a Secret.
type SecretName struct {
	Name string `json:"name"`
}

// SecretKey is a key of a Secret.
type SecretKey struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

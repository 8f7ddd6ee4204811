package certmanagerio

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Certificate is kept in a Secret and renewed in time
// (https://cert-manager.io/docs/usage/certificate/).
type Certificate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              CertificateSpec `json:"spec"`
}

// CertificateSpec says what the certificate is for and who signs it.
type CertificateSpec struct {
	SecretName string     `json:"secretName"`
	IssuerRef  IssuerRef  `json:"issuerRef"`
	CommonName string     `json:"commonName,omitempty"`
	DNSNames   []string   `json:"dnsNames,omitempty"`
	IsCA       bool       `json:"isCA,omitempty"`
	Duration   string     `json:"duration,omitempty"`
	PrivateKey PrivateKey `json:"privateKey"`
}

// IssuerRef is who signs.
type IssuerRef struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
}

// PrivateKey is how the key is made, and whether a renewal makes another.
type PrivateKey struct {
	Algorithm      string `json:"algorithm"`
	Size           int    `json:"size"`
	RotationPolicy string `json:"rotationPolicy"`
}

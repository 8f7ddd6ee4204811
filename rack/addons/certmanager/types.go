package certmanager

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// The kinds of cert-manager.
var (
	Issuers        = kind("issuers")
	ClusterIssuers = kind("clusterissuers")
	Certificates   = kind("certificates")
)

func kind(resource string) cluster.Kind {
	return cluster.Kind{Group: "cert-manager.io", Version: "v1", Resource: resource}
}

// issuer is an Issuer or ClusterIssuer.
type issuer struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		SelfSigned *struct{} `json:"selfSigned"`
		CA         *struct {
			SecretName string `json:"secretName"`
		} `json:"ca"`
		ACME *acme `json:"acme"`
	} `json:"spec"`
	Status issuerStatus `json:"status"`
}

type issuerStatus struct {
	Conditions []condition `json:"conditions,omitempty"`
	ACME       *acmeStatus `json:"acme,omitempty"`
}

type acmeStatus struct {
	URI       string `json:"uri,omitempty"`
	LastEmail string `json:"lastRegisteredEmail,omitempty"`
}

// acme is an account with an authority of the kind of Let's Encrypt.
type acme struct {
	Email      string    `json:"email"`
	Server     string    `json:"server"`
	PrivateKey secretKey `json:"privateKeySecretRef"`
	Solvers    []solver  `json:"solvers"`
}

// solver proves to the authority that names are one's own: those of its selector, or all.
type solver struct {
	Selector *struct {
		DNSNames []string `json:"dnsNames"`
		DNSZones []string `json:"dnsZones"`
	} `json:"selector"`
	DNS01 *struct {
		Cloudflare *struct {
			APIToken *secretKey `json:"apiTokenSecretRef"`
			APIKey   *secretKey `json:"apiKeySecretRef"`
		} `json:"cloudflare"`
	} `json:"dns01"`
}

type secretKey struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// certificate is a Certificate.
type certificate struct {
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		SecretName  string           `json:"secretName"`
		CommonName  string           `json:"commonName"`
		DNSNames    []string         `json:"dnsNames"`
		IPAddresses []string         `json:"ipAddresses"`
		IsCA        bool             `json:"isCA"`
		Duration    *metav1.Duration `json:"duration"`
		RenewBefore *metav1.Duration `json:"renewBefore"`
		PrivateKey  *struct {
			Algorithm string `json:"algorithm"`
			Size      int    `json:"size"`
		} `json:"privateKey"`
		SecretTemplate *struct {
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
		} `json:"secretTemplate"`
		IssuerRef struct {
			Name  string `json:"name"`
			Kind  string `json:"kind"`
			Group string `json:"group"`
		} `json:"issuerRef"`
	} `json:"spec"`
	Status certificateStatus `json:"status"`
}

type certificateStatus struct {
	Conditions  []condition  `json:"conditions,omitempty"`
	NotBefore   *metav1.Time `json:"notBefore,omitempty"`
	NotAfter    *metav1.Time `json:"notAfter,omitempty"`
	RenewalTime *metav1.Time `json:"renewalTime,omitempty"`
	Revision    int          `json:"revision,omitempty"`
}

// condition is cert-manager's own form of it.
type condition struct {
	Type               string       `json:"type"`
	Status             string       `json:"status"`
	Reason             string       `json:"reason,omitempty"`
	Message            string       `json:"message,omitempty"`
	LastTransitionTime *metav1.Time `json:"lastTransitionTime,omitempty"`
	ObservedGeneration int64        `json:"observedGeneration,omitempty"`
}

// set puts a condition in the place of the one of its type. Its time stays while its status does.
func set(conditions []condition, c condition) []condition {
	now := metav1.Now()
	c.LastTransitionTime = &now
	for i, old := range conditions {
		if old.Type == c.Type {
			if old.Status == c.Status {
				c.LastTransitionTime = old.LastTransitionTime
			}
			conditions[i] = c
			return conditions
		}
	}
	return append(conditions, c)
}

func without(conditions []condition, kind string) []condition {
	var rest []condition
	for _, c := range conditions {
		if c.Type != kind {
			rest = append(rest, c)
		}
	}
	return rest
}

package edge

import (
	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/internal/plan"
)

// stepCA makes the home's own CA. The name is that of the resource in Pulumi, and stays.
const stepCA = "authority"

// caLifetime is ten years: the CA is installed on every device of the home by hand.
const caLifetime = "87600h"

// generatedCA is a CA that cert-manager makes: an issuer that signs nothing but it, and
// its certificate, whose key never leaves the cluster.
func generatedCA() plan.Steps {
	const selfSigned, step = "home-ops-selfsigned", "issuer-selfsigned"
	return plan.Steps{
		{
			Name:   step,
			Object: clusterIssuer(selfSigned, certmanagerv1.IssuerConfig{SelfSigned: &certmanagerv1.SelfSignedIssuer{}}),
			After:  []string{stepCertManager},
		},
		{
			Name: stepCA,
			Object: &caCertificate{
				TypeMeta:   certManagerType(certmanagerv1.CertificateKind),
				ObjectMeta: named(certManagerNamespace, caSecret),
				Spec: caCertificateSpec{
					Duration: caLifetime,
					CertificateSpec: certmanagerv1.CertificateSpec{
						SecretName: caSecret,
						IssuerRef:  issuerRef(selfSigned),
						CommonName: "home-ops CA",
						IsCA:       true,
						// Another key would be another CA, which no device knows.
						PrivateKey: ecdsa(certmanagerv1.RotationPolicyNever),
					},
				},
			},
			After: []string{stepCertManager, step},
		},
	}
}

// caCertificate is a Certificate whose duration is text. A metav1.Duration writes 87600h
// as 87600h0m0s, and Pulumi would see a change in every cluster that has the CA.
type caCertificate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              caCertificateSpec `json:"spec"`
}

// caCertificateSpec has its own duration in the place of the embedded one.
type caCertificateSpec struct {
	certmanagerv1.CertificateSpec `json:",inline"`

	Duration string `json:"duration"`
}

// givenCA is a CA that the stack says where it is kept.
func givenCA() plan.Step {
	return plan.Step{
		Name: stepCA,
		Object: &corev1.Secret{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
			ObjectMeta: named(certManagerNamespace, caSecret),
			Type:       corev1.SecretTypeTLS,
		},
		From: []plan.From{
			{Path: []string{"stringData", corev1.TLSCertKey}, Value: valueCACert},
			{Path: []string{"stringData", corev1.TLSPrivateKeyKey}, Value: valueCAKey},
		},
		After: []string{stepCertManagerNamespace},
	}
}

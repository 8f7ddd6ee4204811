package objects

import (
	_ "embed"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/components/edge/certmanagerio"
	"github.com/home-ops/home-ops/spec"
)

// The directories of Let's Encrypt (https://letsencrypt.org/docs/staging-environment/).
const (
	letsEncrypt        = "https://acme-v02.api.letsencrypt.org/directory"
	letsEncryptStaging = "https://acme-staging-v02.api.letsencrypt.org/directory"
)

// authorityLife is ten years: every device of the home trusts the authority by
// hand.
const authorityLife = "87600h"

// stagingRoots are the roots of Let's Encrypt's test service, which nothing trusts
// by itself (https://letsencrypt.org/docs/staging-environment/#root-certificates).
//
//go:embed letsencrypt-staging.pem
var stagingRoots string

// IssuerName is the ClusterIssuer that signs the gateways' certificate. Each kind
// of issuer has its own name: cert-manager signs anew when the name changes, not
// when what is behind it does.
func IssuerName(stack *spec.Stack) string {
	switch c := stack.Edge.Certificates; {
	case c.Issuer == spec.IssuerCA:
		return "home-ops-ca"
	case c.Staging:
		return "letsencrypt-staging"
	default:
		return "letsencrypt"
	}
}

// GeneratesAuthority reports whether cert-manager makes the home's own authority.
func GeneratesAuthority(stack *spec.Stack) bool {
	c := stack.Edge.Certificates
	return c.Issuer == spec.IssuerCA && c.CACertRef == ""
}

// Authority makes the home's own authority: an issuer that signs nothing but it, and
// its certificate, whose key never leaves the cluster.
func Authority() []Object {
	const selfSigned = "home-ops-selfsigned"
	return []Object{
		{"issuer-selfsigned", issuer(selfSigned, certmanagerio.IssuerSpec{SelfSigned: &certmanagerio.SelfSigned{}})},
		{"authority", &certmanagerio.Certificate{
			TypeMeta:   certmanagerio.Type("Certificate"),
			ObjectMeta: named(CertManagerNamespace, AuthoritySecret),
			Spec: certmanagerio.CertificateSpec{
				SecretName: AuthoritySecret,
				IssuerRef:  issuerRef(selfSigned),
				CommonName: "home-ops CA",
				IsCA:       true,
				Duration:   authorityLife,
				// Another key would be another authority, which no device knows.
				PrivateKey: ecdsa("Never"),
			},
		}},
	}
}

// Issuer signs the gateways' certificate, and those of whoever else asks it.
func Issuer(stack *spec.Stack) *certmanagerio.ClusterIssuer {
	name := IssuerName(stack)
	c := stack.Edge.Certificates
	if c.Issuer == spec.IssuerCA {
		return issuer(name, certmanagerio.IssuerSpec{CA: &certmanagerio.CA{SecretName: AuthoritySecret}})
	}
	server := letsEncrypt
	if c.Staging {
		server = letsEncryptStaging
	}
	return issuer(name, certmanagerio.IssuerSpec{ACME: &certmanagerio.ACME{
		Server: server, Email: c.Email,
		PrivateKeySecretRef: certmanagerio.SecretName{Name: name + "-account"},
		Solvers: []certmanagerio.Solver{{
			Selector: certmanagerio.Selector{DNSZones: []string{stack.Cluster.Domain}},
			DNS01: certmanagerio.DNS01{Cloudflare: certmanagerio.Cloudflare{
				APITokenSecretRef: certmanagerio.SecretKey{Name: CloudflareToken, Key: TokenKey},
			}},
		}},
	}})
}

// Certificate is for the domain and every name directly below it.
func Certificate(stack *spec.Stack) *certmanagerio.Certificate {
	return &certmanagerio.Certificate{
		TypeMeta:   certmanagerio.Type("Certificate"),
		ObjectMeta: named(Namespace, "gateways"),
		Spec: certmanagerio.CertificateSpec{
			SecretName: CertificateSecret,
			IssuerRef:  issuerRef(IssuerName(stack)),
			DNSNames:   []string{stack.Cluster.Domain, "*." + stack.Cluster.Domain},
			PrivateKey: ecdsa("Always"),
		},
	}
}

// StagingRoots is what trusts certificates of Let's Encrypt's test service.
func StagingRoots() *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: named(Namespace, stagingRootsName),
		Data:       map[string]string{caKey: stagingRoots},
	}
}

func issuer(name string, how certmanagerio.IssuerSpec) *certmanagerio.ClusterIssuer {
	return &certmanagerio.ClusterIssuer{
		TypeMeta:   certmanagerio.Type("ClusterIssuer"),
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       how,
	}
}

func issuerRef(name string) certmanagerio.IssuerRef {
	return certmanagerio.IssuerRef{Group: "cert-manager.io", Kind: "ClusterIssuer", Name: name}
}

func ecdsa(rotation string) certmanagerio.PrivateKey {
	return certmanagerio.PrivateKey{Algorithm: "ECDSA", Size: 256, RotationPolicy: rotation}
}

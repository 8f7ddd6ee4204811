package edge

import (
	_ "embed"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/spec"
)

const (
	stagingRootsName = "letsencrypt-staging-roots"
	caKey            = "ca.crt"
	caVolume         = "origin-ca"
	caFolder         = "/etc/cloudflared/origin"
)

// stagingRootsPEM are the roots of Let's Encrypt's test service, which nothing trusts
// by itself (https://letsencrypt.org/docs/staging-environment/#root-certificates).
//
//go:embed letsencrypt-staging.pem
var stagingRootsPEM string

// caPool is the file, inside the connector's pod, with the CA that signed the gateways'
// certificate; empty when every system trusts that CA.
func caPool(stack *spec.Stack) string {
	if caSource(stack) == nil {
		return ""
	}
	return caFolder + "/" + caKey
}

// caSource is where that CA's certificate is; nil when every system trusts it. Of the
// Secret only the CA is taken: the key next to it is the gateways' own.
func caSource(stack *spec.Stack) *corev1.VolumeSource {
	item := []corev1.KeyToPath{{Key: caKey, Path: caKey}}
	switch c := stack.Edge.Certificates; {
	case c.Issuer == spec.IssuerCA:
		return &corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: certificateSecret, Items: item}}
	case c.Staging:
		return &corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: stagingRootsName}, Items: item,
		}}
	default:
		return nil
	}
}

// stagingRoots is what verifies certificates of Let's Encrypt's test service.
func stagingRoots() *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: named(Namespace, stagingRootsName),
		Data:       map[string]string{caKey: stagingRootsPEM},
	}
}

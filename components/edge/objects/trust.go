package objects

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/spec"
)

const (
	stagingRootsName = "letsencrypt-staging-roots"
	caKey            = "ca.crt"
	caVolume         = "origin-ca"
	caFolder         = "/etc/cloudflared/origin"
)

// CAPool is the file, inside the connector's pod, with the authority that signed
// the gateways' certificate; empty when every system trusts that one.
func CAPool(stack *spec.Stack) string {
	if caSource(stack) == nil {
		return ""
	}
	return caFolder + "/" + caKey
}

// caSource is where that authority's certificate is. Of the Secret only the
// authority is taken: the key next to it is the gateways' own.
func caSource(stack *spec.Stack) *corev1.VolumeSource {
	item := []corev1.KeyToPath{{Key: caKey, Path: caKey}}
	switch c := stack.Edge.Certificates; {
	case c.Issuer == spec.IssuerCA:
		return &corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: CertificateSecret, Items: item}}
	case c.Staging:
		return &corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: stagingRootsName}, Items: item,
		}}
	default:
		return nil
	}
}

package machineconfig

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/types/cluster"
	"github.com/siderolabs/talos/pkg/machinery/config/types/k8s"

	"github.com/home-ops/home-ops/spec"
)

// Secrets is everything in a machine configuration that must not be read by
// others.
type Secrets struct {
	// Bundle is the cluster's identity: its certificate authorities and tokens.
	Bundle *secrets.Bundle
	// AcceptedTalosCA is the certificate, in PEM, of an authority whose certificates the Talos API accepts beside those
	// of the bundle's own. Default: none.
	AcceptedTalosCA []byte
	// AcceptedKubernetesCA is the same for the Kubernetes API. Default: none.
	AcceptedKubernetesCA []byte
	// Passphrases unlock encrypted volumes.
	Passphrases Passphrases
}

// Redacted stands in every place of a placeholder's secrets. It is base64, so
// that a config shows it as it is where it shows certificates.
const Redacted = "REDACTED"

// Placeholder fill a machine config's secret places with [Redacted]. What Talos
// says of the documents that hold nothing but secrets is then overlooked, so a
// config with these is as good a test of a stack as the real one, and can be
// shown to anyone.
func Placeholder(stack *spec.Stack) Secrets {
	der, talosCA, kubernetesCA := redacted(1), stack.Cluster.TalosCA, stack.Cluster.KubernetesCA
	numbered := func(number int) *x509.PEMEncodedCertificateAndKey {
		return &x509.PEMEncodedCertificateAndKey{Crt: redacted(number), Key: der}
	}
	placeholder := Secrets{
		Bundle: &secrets.Bundle{
			Cluster: &secrets.Cluster{ID: Redacted, Secret: Redacted},
			// No key for AES-CBC: no cluster that was made since Talos 1.3 has one.
			Secrets: &secrets.Secrets{
				BootstrapToken:            Redacted,
				SecretboxEncryptionSecret: Redacted,
			},
			TrustdInfo: &secrets.TrustdInfo{Token: Redacted},
			Certs: &secrets.Certs{
				Etcd: numbered(1), K8s: numbered(kubernetesCA.Issuing), K8sAggregator: numbered(1), OS: numbered(talosCA.Issuing),
				K8sServiceAccount: &x509.PEMEncodedKey{Key: der},
			},
		},
		Passphrases: Passphrases{},
	}
	if talosCA.Accepted > 0 {
		placeholder.AcceptedTalosCA = redacted(talosCA.Accepted)
	}
	if kubernetesCA.Accepted > 0 {
		placeholder.AcceptedKubernetesCA = redacted(kubernetesCA.Accepted)
	}
	for _, ref := range PassphraseRefs(stack) {
		placeholder.Passphrases[ref] = Redacted
	}
	return placeholder
}

// redacted is [Redacted] as it is encoded, with the number of an authority behind it unless that is the first.
func redacted(number int) []byte {
	text := Redacted
	if number > 1 {
		text += fmt.Sprintf("%04d", number)
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err) // four digits are base64, too
	}
	return der
}

// secretDocuments hold nothing but what Talos makes: identities, authorities and
// keys. Contract v1.14 has them, and Talos parses what is in them.
var secretDocuments = []string{
	cluster.DiscoveryIdentityKind, k8s.KubeAPIServerCAConfig, k8s.KubeAggregatorCAConfig, k8s.KubeServiceAccountConfig,
}

// overlook leaves out what Talos says of a placeholder's secrets.
func (s Secrets) overlook(errs []error) []error {
	if s.Bundle.Cluster.Secret != Redacted {
		return errs
	}
	return slices.DeleteFunc(errs, func(err error) bool {
		return slices.ContainsFunc(secretDocuments, func(kind string) bool { return strings.HasPrefix(err.Error(), kind+":") })
	})
}

package talos

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/pulumiverse/pulumi-talos/sdk/go/talos/machine"
	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
)

// bundleOf is the bundle that a Secrets resource holds.
func bundleOf(in machine.MachineSecrets) (*secrets.Bundle, error) {
	var errs []error
	decode := func(name, text string) []byte {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("machine secrets: %s: %w", name, err))
		}
		return raw
	}
	pair := func(name string, c machine.Certificate) *x509.PEMEncodedCertificateAndKey {
		return &x509.PEMEncodedCertificateAndKey{
			Crt: decode(name+".cert", c.Cert), Key: decode(name+".key", c.Key),
		}
	}
	bundle := &secrets.Bundle{
		Cluster: &secrets.Cluster{ID: in.Cluster.Id, Secret: in.Cluster.Secret},
		Secrets: &secrets.Secrets{
			BootstrapToken:            in.Secrets.BootstrapToken,
			SecretboxEncryptionSecret: in.Secrets.SecretboxEncryptionSecret,
		},
		TrustdInfo: &secrets.TrustdInfo{Token: in.Trustdinfo.Token},
		Certs: &secrets.Certs{
			Etcd:          pair("certs.etcd", in.Certs.Etcd),
			K8s:           pair("certs.k8s", in.Certs.K8s),
			K8sAggregator: pair("certs.k8sAggregator", in.Certs.K8sAggregator),
			OS:            pair("certs.os", in.Certs.Os),
			K8sServiceAccount: &x509.PEMEncodedKey{
				Key: decode("certs.k8sServiceaccount.key", in.Certs.K8sServiceaccount.Key),
			},
		},
	}
	if in.Secrets.AescbcEncryptionSecret != nil {
		bundle.Secrets.AESCBCEncryptionSecret = *in.Secrets.AescbcEncryptionSecret
	}
	return bundle, errors.Join(errs...)
}

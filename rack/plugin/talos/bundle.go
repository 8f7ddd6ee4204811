package talos

import (
	stdx509 "crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
)

// bundleProperties lays a secrets bundle out as the provider's machineSecrets attribute.
func bundleProperties(bundle *secrets.Bundle) resource.PropertyMap {
	encoded := func(b []byte) resource.PropertyValue {
		return resource.NewStringProperty(base64.StdEncoding.EncodeToString(b))
	}
	pair := func(p *x509.PEMEncodedCertificateAndKey) resource.PropertyValue {
		properties := resource.PropertyMap{}
		if p != nil && p.Crt != nil {
			properties["cert"], properties["key"] = encoded(p.Crt), encoded(p.Key)
		}
		return resource.NewObjectProperty(properties)
	}
	kubernetes := resource.PropertyMap{
		"bootstrapToken":            resource.NewStringProperty(bundle.Secrets.BootstrapToken),
		"secretboxEncryptionSecret": resource.NewStringProperty(bundle.Secrets.SecretboxEncryptionSecret),
	}
	if aescbc := bundle.Secrets.AESCBCEncryptionSecret; aescbc != "" {
		kubernetes["aescbcEncryptionSecret"] = resource.NewStringProperty(aescbc)
	}

	return resource.PropertyMap{
		"cluster": resource.NewObjectProperty(resource.PropertyMap{
			"id":     resource.NewStringProperty(bundle.Cluster.ID),
			"secret": resource.NewStringProperty(bundle.Cluster.Secret),
		}),
		"secrets": resource.NewObjectProperty(kubernetes),
		"trustdinfo": resource.NewObjectProperty(resource.PropertyMap{
			"token": resource.NewStringProperty(bundle.TrustdInfo.Token),
		}),
		"certs": resource.NewObjectProperty(resource.PropertyMap{
			"etcd":          pair(bundle.Certs.Etcd),
			"k8s":           pair(bundle.Certs.K8s),
			"k8sAggregator": pair(bundle.Certs.K8sAggregator),
			"k8sServiceaccount": resource.NewObjectProperty(resource.PropertyMap{
				"key": encoded(bundle.Certs.K8sServiceAccount.Key),
			}),
			"os": pair(bundle.Certs.OS),
		}),
	}
}

// bundleFrom reads the machineSecrets attribute back into a bundle.
func bundleFrom(properties resource.PropertyMap) (*secrets.Bundle, error) {
	var problems []error
	decoded := func(path ...resource.PropertyKey) []byte {
		b, err := base64.StdEncoding.DecodeString(textAt(properties, path...))
		if err != nil {
			problems = append(problems, fmt.Errorf("machineSecrets.%v: not base64: %w", path, err))
		}
		return b
	}
	pair := func(name resource.PropertyKey) *x509.PEMEncodedCertificateAndKey {
		return &x509.PEMEncodedCertificateAndKey{
			Crt: decoded("certs", name, "cert"),
			Key: decoded("certs", name, "key"),
		}
	}

	bundle := &secrets.Bundle{
		Clock: secrets.NewFixedClock(time.Now()),
		Cluster: &secrets.Cluster{
			ID:     textAt(properties, "cluster", "id"),
			Secret: textAt(properties, "cluster", "secret"),
		},
		Secrets: &secrets.Secrets{
			BootstrapToken:            textAt(properties, "secrets", "bootstrapToken"),
			SecretboxEncryptionSecret: textAt(properties, "secrets", "secretboxEncryptionSecret"),
			AESCBCEncryptionSecret:    textAt(properties, "secrets", "aescbcEncryptionSecret"),
		},
		TrustdInfo: &secrets.TrustdInfo{Token: textAt(properties, "trustdinfo", "token")},
		Certs: &secrets.Certs{
			Etcd:              pair("etcd"),
			K8s:               pair("k8s"),
			K8sAggregator:     pair("k8sAggregator"),
			K8sServiceAccount: &x509.PEMEncodedKey{Key: decoded("certs", "k8sServiceaccount", "key")},
			OS:                pair("os"),
		},
	}
	return bundle, errors.Join(problems...)
}

// expiresBefore tells whether a certificate, PEM in base64, runs out before the moment. No certificate never does.
func expiresBefore(encoded string, moment time.Time) (bool, error) {
	if encoded == "" {
		return false, nil
	}
	content, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return false, err
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return false, errors.New("not a PEM certificate")
	}
	certificate, err := stdx509.ParseCertificate(block.Bytes)
	if err != nil {
		return false, err
	}
	return certificate.NotAfter.Before(moment), nil
}

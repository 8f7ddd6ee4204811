package kubelet

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	stdx509 "crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	certificatesv1 "k8s.io/api/certificates/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/certificate/csr"

	"github.com/home-ops/home-ops/rack/kube/pki"
)

// csrPatience is how long one request for a certificate may take; the controller manager signs it within a second once
// it leads.
const csrPatience = 30 * time.Second

// nodeConfig is how the kubelet reaches the API as its node. The identity is the real one: asked for with the bootstrap
// token of the machine config, approved and signed by the controller manager, and kept on EPHEMERAL. A node with another
// cluster's secrets never gets one.
func (k *Kubelet) nodeConfig(ctx context.Context) (*rest.Config, error) {
	dir := k.current().pkiDir()
	certificate, key := filepath.Join(dir, "kubelet-client.crt"), filepath.Join(dir, "kubelet-client.key")
	if !k.ownCertificate(certificate, key) {
		if err := k.requestCertificate(ctx, certificate, key); err != nil {
			return nil, err
		}
	}
	config := k.anonymousConfig()
	config.CertFile, config.KeyFile = certificate, key
	// Connections are kept for whoever has the same files. Another machine may have these, after a reset in this very process.
	config.Dial = (&net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	return config, nil
}

func (k *Kubelet) anonymousConfig() *rest.Config {
	machine := k.current().Config
	authority := machine.K8sAPIServerCAConfig()
	return &rest.Config{
		Host:            k.server,
		TLSClientConfig: rest.TLSClientConfig{CAData: pki.Bundle(nil, authority.AcceptedCAs())},
		QPS:             50, Burst: 100, // those of a real kubelet
		WarningHandler: rest.NoWarnings{},
		UserAgent:      "kubelet/" + ImageTag(machine.K8sKubeletConfig().Image()) + " (simulated)",
	}
}

// ownCertificate reports whether a certificate from an earlier boot is this cluster's and this node's.
func (k *Kubelet) ownCertificate(certificate, key string) bool {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return false
	}
	roots, authority := stdx509.NewCertPool(), k.current().Config.K8sAPIServerCAConfig()
	roots.AppendCertsFromPEM(pki.Bundle(nil, authority.AcceptedCAs()))
	_, err = pair.Leaf.Verify(stdx509.VerifyOptions{Roots: roots, KeyUsages: []stdx509.ExtKeyUsage{stdx509.ExtKeyUsageClientAuth}})
	return err == nil && pair.Leaf.Subject.CommonName == k.user()
}

func (k *Kubelet) user() string { return "system:node:" + k.name }

func (k *Kubelet) requestCertificate(ctx context.Context, certificateFile, keyFile string) error {
	token := k.current().Config.Cluster().Token()
	config := k.anonymousConfig()
	config.BearerToken = token.ID() + "." + token.Secret()
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	request, err := stdx509.CreateCertificateRequest(rand.Reader, &stdx509.CertificateRequest{
		Subject: pkix.Name{CommonName: k.user(), Organization: []string{"system:nodes"}},
	}, key)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, csrPatience)
	defer cancel()
	requestPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: request})
	name, uid, err := csr.RequestCertificateWithContext(ctx, client, requestPEM, "",
		certificatesv1.KubeAPIServerClientKubeletSignerName, nil,
		[]certificatesv1.KeyUsage{certificatesv1.UsageDigitalSignature, certificatesv1.UsageClientAuth}, key)
	if err != nil {
		return fmt.Errorf("certificate request with bootstrap token %s: %w", token.ID(), err)
	}
	signed, err := csr.WaitForCertificate(ctx, client, name, uid)
	if err != nil {
		return fmt.Errorf("certificate request %s: %w", name, err)
	}
	der, err := stdx509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(keyFile), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(certificateFile, signed, 0o600)
}

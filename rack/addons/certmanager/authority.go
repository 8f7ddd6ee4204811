package certmanager

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// authority signs certificates. Without a certificate of its own each signs itself.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
	// chain is what clients get behind a certificate.
	chain []byte
}

// simulated is an authority that nobody trusts, in the place of a public one.
func simulated() (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Simulated ACME authority of a rehearsal"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &authority{certificate, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}, err
}

// fromSecret is an authority whose key and certificate are in a Secret.
func fromSecret(secret *corev1.Secret) (*authority, error) {
	pair, err := tls.X509KeyPair(secret.Data[corev1.TLSCertKey], secret.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return nil, err
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok || !pair.Leaf.IsCA {
		return nil, errors.New("certificate is not a CA")
	}
	return &authority{pair.Leaf, key, secret.Data[corev1.TLSCertKey]}, nil
}

// issue makes a key and a certificate for it: what becomes the Secret's data.
func (a *authority) issue(c *certificate, duration time.Duration) (map[string][]byte, error) {
	key, err := newKey(c)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: c.Spec.CommonName}, DNSNames: c.Spec.DNSNames,
		NotBefore: time.Now().Truncate(time.Second), NotAfter: time.Now().Add(duration).Truncate(time.Second),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, IsCA: c.Spec.IsCA, BasicConstraintsValid: true,
	}
	if c.Spec.IsCA {
		template.KeyUsage |= x509.KeyUsageCertSign
	} else {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	}
	for _, text := range c.Spec.IPAddresses {
		template.IPAddresses = append(template.IPAddresses, net.ParseIP(text))
	}
	parent, signer := template, key
	if a.certificate != nil {
		parent, signer = a.certificate, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	own := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	chain := own
	if a.certificate != nil && !bytes.Equal(a.certificate.RawIssuer, a.certificate.RawSubject) {
		chain = append(own[:len(own):len(own)], a.chain...) // a root is not sent along
	}
	data := map[string][]byte{
		corev1.TLSCertKey:       chain,
		corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
		"ca.crt":                a.chain,
	}
	if a.certificate == nil {
		data["ca.crt"] = own
	}
	return data, nil
}

// newKey is a key as the Certificate wants it: RSA of 2048 bits unless it says otherwise.
func newKey(c *certificate) (crypto.Signer, error) {
	algorithm, size := "RSA", 0
	if p := c.Spec.PrivateKey; p != nil {
		size = p.Size
		if p.Algorithm != "" {
			algorithm = p.Algorithm
		}
	}
	switch algorithm {
	case "RSA":
		if size == 0 {
			size = 2048
		}
		return rsa.GenerateKey(rand.Reader, size)
	case "ECDSA":
		curve, ok := map[int]elliptic.Curve{0: elliptic.P256(), 256: elliptic.P256(), 384: elliptic.P384(), 521: elliptic.P521()}[size]
		if !ok {
			return nil, fmt.Errorf("unsupported ecdsa keysize specified: %d", size)
		}
		return ecdsa.GenerateKey(curve, rand.Reader)
	case "Ed25519":
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}
	return nil, fmt.Errorf("unsupported private key algorithm specified: %s", algorithm)
}

func serial() *big.Int {
	n, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	return n
}

package pki

import (
	"bytes"
	"crypto/tls"
	stdx509 "crypto/x509"
	"errors"
	"fmt"

	"github.com/siderolabs/crypto/x509"
)

// Bundle joins the certificates that a client accepts: those a config accepts beside its issuing one, and that.
func Bundle(issuing *Pair, accepted []*x509.PEMEncodedCertificate) []byte {
	var all [][]byte
	for _, certificate := range accepted {
		all = append(all, bytes.TrimSpace(certificate.Crt), []byte("\n"))
	}
	if issuing != nil {
		all = append(all, bytes.TrimSpace(issuing.Crt), []byte("\n"))
	}
	return bytes.Join(all, nil)
}

// ClientTLS is the TLS side of a client that trusts the bundle and shows the pair.
func ClientTLS(bundle []byte, pair *Pair) (*tls.Config, error) {
	roots := stdx509.NewCertPool()
	if !roots.AppendCertsFromPEM(bundle) {
		return nil, errors.New("no certificate authority to trust: the bundle holds no certificate")
	}
	certificate, err := tls.X509KeyPair(pair.Crt, pair.Key)
	if err != nil {
		return nil, fmt.Errorf("client certificate: %w", err)
	}
	return &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, nil
}

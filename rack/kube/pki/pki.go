// Package pki issues the leaf certificates of a control plane from the authorities in its machine config, as Talos does
// on a real machine.
package pki

import (
	stdx509 "crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/siderolabs/crypto/x509"
)

// Pair is a certificate and its private key, both PEM.
type Pair = x509.PEMEncodedCertificateAndKey

// clockSkew backdates every certificate, because two nodes' clocks never agree exactly.
const clockSkew = 10 * time.Second

// Leaf says what a certificate is for.
type Leaf struct {
	CommonName, Organization string
	DNSNames                 []string
	Addresses                []netip.Addr
	// Server and Client are the uses that the certificate allows.
	Server, Client bool
	// Lifetime is how long it is valid; zero is one year, the lifetime that Talos gives most certificates.
	Lifetime time.Duration
}

// Issue makes a key and has the authority sign its certificate. An authority without its key, as worker configs carry
// it, is an error.
func Issue(authority *Pair, leaf Leaf) (*Pair, error) {
	if authority == nil || len(authority.Crt) == 0 || len(authority.Key) == 0 {
		return nil, fmt.Errorf("certificate %q: %w", leaf.CommonName, errNoAuthority)
	}
	ca, err := x509.NewCertificateAuthorityFromCertificateAndKey(authority)
	if err != nil {
		return nil, fmt.Errorf("certificate %q: authority: %w", leaf.CommonName, err)
	}
	lifetime := leaf.Lifetime
	if lifetime == 0 {
		lifetime = 365 * 24 * time.Hour
	}
	options := []x509.Option{
		x509.CommonName(leaf.CommonName),
		x509.NotBefore(time.Now().Add(-clockSkew)),
		x509.NotAfter(time.Now().Add(lifetime)),
		x509.KeyUsage(stdx509.KeyUsageDigitalSignature | stdx509.KeyUsageKeyEncipherment),
		x509.ExtKeyUsage(leaf.usages()),
		x509.DNSNames(leaf.DNSNames),
		x509.IPAddresses(leaf.ips()),
	}
	if leaf.Organization != "" {
		options = append(options, x509.Organization(leaf.Organization))
	}
	pair, err := x509.NewKeyPair(ca, options...)
	if err != nil {
		return nil, fmt.Errorf("certificate %q: %w", leaf.CommonName, err)
	}
	return x509.NewCertificateAndKeyFromKeyPair(pair), nil
}

var errNoAuthority = errors.New("the machine config has no certificate authority with a key for it")

func (l Leaf) usages() []stdx509.ExtKeyUsage {
	var usages []stdx509.ExtKeyUsage
	if l.Server {
		usages = append(usages, stdx509.ExtKeyUsageServerAuth)
	}
	if l.Client {
		usages = append(usages, stdx509.ExtKeyUsageClientAuth)
	}
	return usages
}

func (l Leaf) ips() []net.IP {
	ips := make([]net.IP, 0, len(l.Addresses))
	for _, addr := range l.Addresses {
		ips = append(ips, addr.AsSlice())
	}
	return ips
}

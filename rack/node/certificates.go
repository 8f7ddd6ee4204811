package node

import (
	"bytes"
	"context"
	"crypto/tls"
	stdx509 "crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/siderolabs/crypto/x509"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/role"
)

// certificates are what a configured machine proves itself with, and whom it believes.
type certificates struct {
	server tls.Certificate
	// client is how a control plane speaks to other machines on behalf of its callers; a worker has none.
	client   *tls.Certificate
	accepted *stdx509.CertPool
}

func (c *certificates) serverConfig() *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{c.server},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    c.accepted,
		NextProtos:   []string{"h2"},
	}
}

func (c *certificates) clientConfig() *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{*c.client},
		RootCAs:      c.accepted,
	}
}

// issueCertificates makes the certificates of the active config.
func (s *session) issueCertificates(ctx context.Context) (*certificates, error) {
	cfg := s.config()
	security := cfg.Machine().Security()
	accepted, err := acceptedCAs(cfg)
	if err != nil {
		return nil, err
	}
	sans := s.subject(cfg)
	ca := security.IssuingCA()
	if !cfg.Machine().Type().IsControlPlane() {
		return s.requestCertificate(ctx, cfg, accepted, sans)
	}
	authority, err := x509.NewCertificateAuthorityFromCertificateAndKey(ca)
	if err != nil {
		return nil, fmt.Errorf("machine.ca: %w", err)
	}
	lifetime := x509.NotAfter(time.Now().Add(x509.DefaultCertificateValidityDuration))
	server, err := x509.NewKeyPair(authority, append(sans, lifetime, serverUsage, signing)...)
	if err != nil {
		return nil, fmt.Errorf("server certificate: %w", err)
	}
	client, err := x509.NewKeyPair(authority, x509.CommonName(s.machine().Name),
		x509.Organization(string(role.Impersonator)), lifetime, clientUsage, signing)
	if err != nil {
		return nil, fmt.Errorf("client certificate: %w", err)
	}
	return &certificates{server: *server.Certificate, client: client.Certificate, accepted: accepted}, nil
}

var (
	signing     = x509.KeyUsage(stdx509.KeyUsageDigitalSignature)
	serverUsage = x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageServerAuth})
	clientUsage = x509.ExtKeyUsage([]stdx509.ExtKeyUsage{stdx509.ExtKeyUsageClientAuth})
)

// subject is the name under which the machine is known, and every address and name that it is dialled by.
func (s *session) subject(cfg config.Provider) []x509.Option {
	s.mu.Lock()
	n := s.network
	s.mu.Unlock()
	ips := n.addrs()
	names := []string{n.hostname}
	if n.domain != "" {
		names = append(names, n.fqdn())
	}
	for _, san := range cfg.Machine().Security().CertSANs() {
		if ip, err := netip.ParseAddr(san); err == nil {
			ips = append(ips, ip)
		} else {
			names = append(names, san)
		}
	}
	return []x509.Option{x509.CommonName(n.fqdn()), x509.IPAddresses(stdIPs(ips)), x509.DNSNames(slices.Compact(names))}
}

// acceptedCAs are those that a certificate may be signed by.
func acceptedCAs(cfg config.Provider) (*stdx509.CertPool, error) {
	pool := stdx509.NewCertPool()
	if !pool.AppendCertsFromPEM(acceptedPEM(cfg)) {
		return nil, errors.New("machine.ca: no certificate of a CA")
	}
	return pool, nil
}

// acceptedPEM are the certificates of machine.acceptedCAs and of machine.ca.
func acceptedPEM(cfg config.Provider) []byte {
	security := cfg.Machine().Security()
	var pem [][]byte
	for _, ca := range security.AcceptedCAs() {
		pem = append(pem, ca.Crt)
	}
	if ca := security.IssuingCA(); ca != nil {
		pem = append(pem, ca.Crt)
	}
	return bytes.Join(pem, []byte("\n"))
}

// selfSigned makes the certificate of maintenance mode, which proves nothing.
func selfSigned(addrs []netip.Addr) (tls.Certificate, error) {
	authority, err := x509.NewSelfSignedCertificateAuthority(x509.ECDSA(true))
	if err != nil {
		return tls.Certificate{}, err
	}
	pair, err := x509.NewKeyPair(authority, x509.IPAddresses(stdIPs(addrs)), x509.CommonName("maintenance-service"),
		x509.NotAfter(time.Now().Add(x509.DefaultCertificateValidityDuration)), serverUsage, signing)
	if err != nil {
		return tls.Certificate{}, err
	}
	return *pair.Certificate, nil
}

func stdIPs(addrs []netip.Addr) []net.IP {
	ips := make([]net.IP, len(addrs))
	for i, addr := range addrs {
		ips[i] = addr.AsSlice()
	}
	return ips
}

func (s *session) addrs() []netip.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.network.addrs()
}

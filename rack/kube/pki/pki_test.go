package pki

import (
	"crypto/tls"
	stdx509 "crypto/x509"
	"encoding/pem"
	"net/netip"
	"testing"

	"github.com/siderolabs/crypto/x509"
)

func authority(t *testing.T) *Pair {
	t.Helper()
	ca, err := x509.NewSelfSignedCertificateAuthority(x509.Organization("test"), x509.ECDSA(true))
	if err != nil {
		t.Fatal(err)
	}
	return x509.NewCertificateAndKeyFromCertificateAuthority(ca)
}

func parse(t *testing.T, pair *Pair) *stdx509.Certificate {
	t.Helper()
	block, _ := pem.Decode(pair.Crt)
	certificate, err := stdx509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func TestIssue_MakesACertificateThatTheAuthorityVouchesFor(t *testing.T) {
	ca := authority(t)
	pair, err := Issue(ca, Leaf{
		CommonName: "kube-apiserver", Organization: "kube-master",
		DNSNames:  []string{"kubernetes", "localhost"},
		Addresses: []netip.Addr{netip.MustParseAddr("10.0.50.11"), netip.MustParseAddr("fd00::11")},
		Server:    true,
	})
	if err != nil {
		t.Fatal(err)
	}
	certificate, roots := parse(t, pair), stdx509.NewCertPool()
	roots.AddCert(parse(t, ca))
	for _, name := range []string{"kubernetes", "localhost", "10.0.50.11", "fd00::11"} {
		if _, err := certificate.Verify(stdx509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	asClient := []stdx509.ExtKeyUsage{stdx509.ExtKeyUsageClientAuth}
	if _, err := certificate.Verify(stdx509.VerifyOptions{Roots: roots, KeyUsages: asClient}); err == nil {
		t.Error("a server certificate passes as a client's")
	}
	if _, err := tls.X509KeyPair(pair.Crt, pair.Key); err != nil {
		t.Error(err)
	}
	if got := certificate.Subject.String(); got != "CN=kube-apiserver,O=kube-master" {
		t.Errorf("subject = %s", got)
	}
}

func TestIssue_RefusesAnAuthorityWithoutItsKey(t *testing.T) {
	ca := authority(t)
	ca.Key = nil
	_, err := Issue(ca, Leaf{CommonName: "admin", Client: true})
	const want = `certificate "admin": the machine config has no certificate authority with a key for it`
	if err == nil || err.Error() != want {
		t.Errorf("error = %v, want %s", err, want)
	}
}

func TestClientTLS_RefusesAnEmptyBundle(t *testing.T) {
	if _, err := ClientTLS(nil, authority(t)); err == nil {
		t.Error("no error")
	}
}

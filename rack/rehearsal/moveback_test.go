package rehearsal

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	talosx509 "github.com/siderolabs/crypto/x509"
)

func TestAgeState_MovesEveryCertificateButThoseOfAuthorities(t *testing.T) {
	text := base64.StdEncoding.EncodeToString
	var state strings.Builder
	var leaves []*talosx509.KeyPair
	for i, options := range [][]talosx509.Option{{talosx509.ECDSA(true)}, nil} { // Kubernetes's and Talos's kinds of keys
		ca, err := talosx509.NewSelfSignedCertificateAuthority(options...)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := talosx509.NewKeyPair(ca, talosx509.CommonName(fmt.Sprint("user-", i)), talosx509.NotAfter(time.Now().Add(365*24*time.Hour)))
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leaf)
		// A certificate is in the outputs and, again, inside a file that is a value.
		fmt.Fprintf(&state, `{"cert": %q, "key": %q, "client": %q, "clientKey": %q, "plaintext": "\"crt: %s\\n\""}`,
			text(ca.CrtPEM), text(ca.KeyPEM), text(leaf.CrtPEM), text(leaf.KeyPEM), text(leaf.CrtPEM))
	}
	signers, err := authoritiesIn([]byte(state.String()))
	if err != nil || len(signers) != 2 {
		t.Fatalf("%d authorities, %v", len(signers), err)
	}
	aged, subjects, err := ageState([]byte(state.String()), signers, offFor)
	if err != nil {
		t.Fatal(err)
	}
	if len(subjects) != 2 {
		t.Errorf("moved %q", subjects)
	}
	for i, leaf := range leaves {
		if bytes.Contains(aged, []byte(text(leaf.CrtPEM))) {
			t.Errorf("the certificate of %d is still there", i)
		}
		if !bytes.Contains(aged, []byte(text(leaf.KeyPEM))) {
			t.Errorf("the key of %d is another", i)
		}
	}
	ended := 0
	for _, match := range encodedPEM.FindAll(aged, -1) {
		raw, err := base64.StdEncoding.DecodeString(string(match))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(raw)
		if block.Type != "CERTIFICATE" {
			continue
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if certificate.IsCA != time.Now().Before(certificate.NotAfter) {
			t.Errorf("%s, an authority: %v, ends on %s", certificate.Subject, certificate.IsCA, certificate.NotAfter)
		}
		if !certificate.IsCA {
			ended++
			if certificate.CheckSignatureFrom(signers[0].certificate) != nil && certificate.CheckSignatureFrom(signers[1].certificate) != nil {
				t.Errorf("%s is signed by nobody", certificate.Subject)
			}
		}
	}
	if ended != 4 {
		t.Errorf("%d certificates have ended, not each of two at two places", ended)
	}
}

func TestAgeState_RefusesACertificateOfAStranger(t *testing.T) {
	state := func() []byte {
		ca, err := talosx509.NewSelfSignedCertificateAuthority(talosx509.ECDSA(true))
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := talosx509.NewKeyPair(ca, talosx509.CommonName("stranger"))
		if err != nil {
			t.Fatal(err)
		}
		text := base64.StdEncoding.EncodeToString
		return []byte(text(ca.CrtPEM) + " " + text(ca.KeyPEM) + " " + text(leaf.CrtPEM))
	}
	signers, err := authoritiesIn(state())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ageState(state(), signers, offFor); err == nil || !strings.Contains(err.Error(), "nobody is known who could sign it again") {
		t.Errorf("got %v", err)
	}
}

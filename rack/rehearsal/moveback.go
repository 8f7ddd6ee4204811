package rehearsal

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	talosx509 "github.com/siderolabs/crypto/x509"
)

// encodedPEM is a PEM file in base64, as states, talosconfigs and kubeconfigs hold it.
var encodedPEM = regexp.MustCompile(`LS0tLS1CRUdJTi[0-9A-Za-z+/]+={0,2}`)

// authority signs certificates anew.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// authoritiesIn are those whose certificate and key a state holds, in plain text.
func authoritiesIn(state []byte) ([]authority, error) {
	var certificates [][]byte
	var keys [][]byte
	for _, encoded := range encodedPEM.FindAll(state, -1) {
		raw, err := base64.StdEncoding.DecodeString(string(encoded))
		if err != nil {
			return nil, err
		}
		if bytes.Contains(raw, []byte("PRIVATE KEY")) {
			keys = append(keys, raw)
		} else if bytes.Contains(raw, []byte("CERTIFICATE")) {
			certificates = append(certificates, raw)
		}
	}
	var all []authority
	for _, raw := range certificates {
		for _, key := range keys {
			pair := &talosx509.PEMEncodedCertificateAndKey{Crt: raw, Key: key}
			certificate, errCert := pair.GetCert()
			if errCert != nil || !certificate.IsCA {
				break
			}
			private, errKey := pair.GetKey()
			if errKey != nil {
				continue
			}
			signer, ok := private.(crypto.Signer)
			public, comparable := certificate.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
			known := slices.ContainsFunc(all, func(a authority) bool { return a.certificate.Equal(certificate) })
			if ok && comparable && public.Equal(signer.Public()) && !known {
				all = append(all, authority{certificate, signer})
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.New("the state holds no authority with its key")
	}
	return all, nil
}

// ageState moves every certificate of a state in plain text into the past, but for those of authorities. It returns the
// subjects of those that it moved, each once.
func ageState(state []byte, signers []authority, by time.Duration) (aged []byte, subjects []string, err error) {
	// The same certificate is at several places of a state, and must stay the same one.
	done := map[string]string{}
	for _, match := range encodedPEM.FindAll(state, -1) {
		encoded := string(match)
		if _, known := done[encoded]; known {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, nil, err
		}
		moved, subject, err := moveBack(raw, signers, by)
		if err != nil {
			return nil, nil, err
		}
		done[encoded] = encoded
		if subject != "" {
			done[encoded] = base64.StdEncoding.EncodeToString(moved)
			subjects = append(subjects, subject)
		}
	}
	aged = encodedPEM.ReplaceAllFunc(state, func(match []byte) []byte { return []byte(done[string(match)]) })
	slices.Sort(subjects)
	return aged, slices.Compact(subjects), nil
}

// moveBack moves the certificate of a PEM file into the past: the same one for the same key, signed again by the authority that
// signed it. What is no certificate, or an authority's, stays as it is, and has no subject.
func moveBack(raw []byte, signers []authority, by time.Duration) (moved []byte, subject string, err error) {
	block, rest := pem.Decode(raw)
	if block == nil || block.Type != "CERTIFICATE" {
		return raw, "", nil
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil || leaf.IsCA {
		return raw, "", err
	}
	at := slices.IndexFunc(signers, func(a authority) bool { return leaf.CheckSignatureFrom(a.certificate) == nil })
	if at < 0 {
		return nil, "", fmt.Errorf("certificate of %s: nobody is known who could sign it again", leaf.Subject)
	}
	moved, err = signers[at].again(leaf, by)
	return append(moved, rest...), leaf.Subject.String(), err
}

// again signs a certificate as it is, with days that lie further back.
func (a authority) again(leaf *x509.Certificate, by time.Duration) ([]byte, error) {
	next := *leaf
	next.NotBefore, next.NotAfter = leaf.NotBefore.Add(-by), leaf.NotAfter.Add(-by)
	next.SignatureAlgorithm = x509.UnknownSignatureAlgorithm // the authority's own
	der, err := x509.CreateCertificate(rand.Reader, &next, a.certificate, leaf.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("certificate of %s: %w", leaf.Subject, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

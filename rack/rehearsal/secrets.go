package rehearsal

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"

	"filippo.io/age"
	"golang.org/x/crypto/ssh"

	"github.com/home-ops/home-ops/spec"
)

// secrets are the rehearsal's own values behind the references of the stack file: each of the form that its user
// expects, and good for nothing but being found where it must not be.
type secrets struct {
	values map[spec.SecretRef]string
	// age is the key pair with which Flux decrypts, if the stack has one.
	age *age.X25519Identity
}

func newSecrets(stack *spec.Stack) (*secrets, error) {
	s := &secrets{values: map[spec.SecretRef]string{}}
	for _, at := range stack.SecretRefs() {
		if _, done := s.values[at.Ref]; done {
			continue
		}
		value, err := s.make(at.Path)
		if err != nil {
			return nil, fmt.Errorf("a secret for %s: %w", at.Path, err)
		}
		s.values[at.Ref] = value
	}
	return s, nil
}

// of is the value of a reference; empty for the empty one.
func (s *secrets) of(ref spec.SecretRef) string { return s.values[ref] }

// config is the value of a key of the stack's configuration. One that no reference leads to gets a value too.
func (s *secrets) config(key string) string {
	ref := spec.SecretRef("config:" + strings.TrimPrefix(key, spec.Namespace+":"))
	if s.values[ref] == "" {
		s.values[ref] = ownSecret()
	}
	return s.values[ref]
}

// exchange gives a reference another value, and keeps the former among those that must not be seen.
func (s *secrets) exchange(ref spec.SecretRef, path string) (former, next string, err error) {
	former = s.values[ref]
	if next, err = s.make(path); err != nil {
		return "", "", err
	}
	s.values[ref+" (former)"], s.values[ref] = former, next
	return former, next, nil
}

// make gives a secret its form, by where the stack file refers to it.
func (s *secrets) make(path string) (string, error) {
	var err error
	switch {
	case path == "secrets.sops.keyRef":
		if s.age, err = age.GenerateX25519Identity(); err != nil {
			return "", err
		}
		return s.age.String(), nil
	case path == "secrets.onePassword.credentialsRef":
		// Nothing reads what is in it: Connect's pod runs nothing.
		return `{"version":"2","verifier":{"salt":"` + ownSecret() + `"},"encCredentials":{},"uniqueKey":{}}`, nil
	case path == "edge.cloudflare.apiTokenRef":
		// Cloudflare's clients refuse a token that has not 40 characters.
		return ownSecret()[:40], nil
	case strings.HasSuffix(path, ".privateKeyRef"):
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return "", err
		}
		block, err := ssh.MarshalPrivateKey(key, "")
		if err != nil {
			return "", err
		}
		return string(pem.EncodeToMemory(block)), nil
	default:
		return ownSecret(), nil
	}
}

// ownSecret makes a value that is good for nothing but being found where it must not be.
func ownSecret() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return "rehearsal-" + hex.EncodeToString(b)
}

// Package keep writes what must outlive a cluster to a place outside of it, and reads it back: sealed with age
// (https://age-encryption.org), so that neither the place nor the way to it need be trusted.
package keep

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"
)

// Seal encrypts for the recipients, each an age public key.
func Seal(plain []byte, recipients []string) ([]byte, error) {
	var parsed []age.Recipient
	for _, text := range recipients {
		recipient, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, fmt.Errorf("age recipient %q: %w", text, err)
		}
		parsed = append(parsed, recipient)
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, parsed...)
	if err != nil {
		return nil, fmt.Errorf("age: %w", err)
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("age: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("age: %w", err)
	}
	return sealed.Bytes(), nil
}

// Open decrypts, and accepts nothing that is cut short, changed, or sealed for other keys.
func Open(sealed []byte, identities []age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), identities...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return nil, errors.New("is sealed for other keys than those of the identity file")
	case err != nil:
		return nil, fmt.Errorf("is no whole age file: %w", err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("is cut short or changed: %w", err)
	}
	return plain, nil
}

// Identities are the private keys in a file as age-keygen writes it.
func Identities(path string) ([]age.Identity, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("identity file: %w", err)
	}
	defer file.Close()
	identities, err := age.ParseIdentities(file)
	if err != nil {
		return nil, fmt.Errorf("identity file %s: %w", path, err)
	}
	return identities, nil
}

// Package agekey keeps the age key that SOPS encrypts a repository's secrets with.
package agekey

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"
)

// DefaultPath is where SOPS itself looks for keys (https://getsops.io/docs/#encrypting-using-age).
func DefaultPath() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "sops", "age", "keys.txt"), nil
}

// Ensure returns the public key of the first key in a file, which it makes when there is none. A file that is
// there is never changed.
func Ensure(path string) (recipient string, created bool, err error) {
	data, err := os.ReadFile(path)
	switch {
	case err == nil:
		recipient, err = firstRecipient(data)
		if err != nil {
			return "", false, fmt.Errorf("%s: %w", path, err)
		}
		return recipient, false, nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", false, err
	}
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return "", false, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", false, err
	}
	recipient = identity.Recipient().String()
	text := fmt.Sprintf("# created: %s\n# public key: %s\n%s\n", time.Now().Format(time.RFC3339), recipient, identity)
	return recipient, true, writeNew(path, text)
}

// writeNew makes a file that only its owner may read, and none at all when it cannot be written whole.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

func firstRecipient(data []byte) (string, error) {
	identities, err := age.ParseIdentities(bytes.NewReader(data))
	if err != nil {
		return "", fmt.Errorf("no age key can be read: %w", err)
	}
	for _, id := range identities {
		if x, ok := id.(*age.X25519Identity); ok {
			return x.Recipient().String(), nil
		}
	}
	return "", errors.New("no age key that begins with AGE-SECRET-KEY-1")
}

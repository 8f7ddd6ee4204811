// Package passphrase keeps the passphrase that seals a stack's secrets, and seals secrets as Pulumi's passphrase
// provider does, so that a stack file is complete before there is a pulumi to write into it.
package passphrase

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"gopkg.in/yaml.v3"
)

// FileVar is the environment variable by which pulumi finds the file with the passphrase.
const FileVar = "PULUMI_CONFIG_PASSPHRASE_FILE"

// DefaultPath is where the passphrase of a stack is kept: home-ops/STACK.passphrase in the user's configuration.
func DefaultPath(stack string) (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "home-ops", stack+".passphrase"), nil
}

// Ensure returns the passphrase in a file, which it makes when there is none. A file that is there is never changed.
func Ensure(path string) (phrase string, created bool, err error) {
	data, err := os.ReadFile(path)
	switch {
	case err == nil && strings.TrimSpace(string(data)) == "":
		return "", false, fmt.Errorf("%s is empty: write a passphrase into it, or remove it", path)
	case err == nil:
		// As pulumi reads it.
		return strings.TrimSpace(string(data)), false, nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", false, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", false, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", false, err
	}
	phrase = rand.Text()
	_, err = f.WriteString(phrase + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", false, errors.Join(err, os.Remove(path))
	}
	return phrase, true, nil
}

// proof is what the salt's second half holds, sealed: who can read it has the passphrase
// (https://github.com/pulumi/pulumi/blob/v3.250.0/pkg/secrets/passphrase/manager.go).
const proof = "pulumi"

// Seal seals secrets of one stack.
type Seal struct {
	// Salt is the stack file's encryptionsalt.
	Salt    string
	crypter config.Crypter
}

// NewSeal makes a seal with a salt of its own.
func NewSeal(ctx context.Context, phrase string) (*Seal, error) {
	salt := make([]byte, 8)
	_, _ = rand.Read(salt) // it never fails: https://pkg.go.dev/crypto/rand#Read
	s := &Seal{crypter: config.NewSymmetricCrypterFromPassphrase(phrase, salt)}
	sealed, err := s.crypter.EncryptValue(ctx, proof)
	s.Salt = "v1:" + base64.StdEncoding.EncodeToString(salt) + ":" + sealed
	return s, err
}

// Value is a secret in the form that stands under "secure" in a stack file.
func (s *Seal) Value(ctx context.Context, secret string) (string, error) {
	return s.crypter.EncryptValue(ctx, secret)
}

// Open is the seal of a stack file's encryptionsalt, or nil when the passphrase is another one.
func Open(ctx context.Context, salt, phrase string) *Seal {
	parts := strings.SplitN(salt, ":", 3)
	if len(parts) != 3 || parts[0] != "v1" {
		return nil
	}
	raw, err := base64.StdEncoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	crypter := config.NewSymmetricCrypterFromPassphrase(phrase, raw)
	if opened, err := crypter.DecryptValue(ctx, parts[2]); err != nil || opened != proof {
		return nil
	}
	return &Seal{Salt: salt, crypter: crypter}
}

// Empty reports whether a stack file is sealed with an empty passphrase: whoever has the file has its secrets.
func Empty(ctx context.Context, file []byte) bool {
	var content struct {
		Salt string `yaml:"encryptionsalt"`
	}
	return yaml.Unmarshal(file, &content) == nil && content.Salt != "" && Open(ctx, content.Salt, "") != nil
}

// Secret opens a value that was sealed.
func (s *Seal) Secret(ctx context.Context, value string) (string, error) {
	return s.crypter.DecryptValue(ctx, value)
}

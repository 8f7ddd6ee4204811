// Package derive makes secrets out of one that exists already, so that a stack
// needs neither a provider of random values nor one more secret to keep.
//
// The seed is key material that the cluster was made with and that Pulumi keeps
// protected. The derivation is HKDF-SHA256 (https://www.rfc-editor.org/rfc/rfc5869),
// with the label as its info: who knows one secret learns nothing of the seed or of
// another label's secret. The price is that a secret lives as long as the seed:
// whoever rotates one writes a new label ("tunnel/2"), and whoever makes the
// cluster anew gets all of them anew.
package derive

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Size is the length of a secret in bytes.
const Size = 32

// minSeed is the least entropy that a secret of Size bytes can be worth: machine
// secrets have 32 bytes and more.
const minSeed = 16

// salt separates the secrets of this program from whatever else is derived from
// the same seed. It is part of every secret: it never changes.
const salt = "github.com/home-ops/home-ops"

// Bytes is the secret of a label: Size bytes.
func Bytes(seed, label string) ([]byte, error) {
	if label == "" {
		return nil, errors.New("derive: the label is empty")
	}
	if len(seed) < minSeed {
		return nil, errors.New("derive " + label + ": the seed is too short to be key material")
	}
	return hkdf.Key(sha256.New, []byte(seed), []byte(salt), label, Size)
}

// Secret is the secret of a label in standard base64. It is secret even where the
// seed was not marked so. What takes it fails where Bytes fails.
func Secret(seed pulumi.StringInput, label string) pulumi.StringOutput {
	secret := seed.ToStringOutput().ApplyT(func(seed string) (string, error) {
		raw, err := Bytes(seed, label)
		return base64.StdEncoding.EncodeToString(raw), err
	})
	return pulumi.ToSecret(secret).(pulumi.StringOutput)
}

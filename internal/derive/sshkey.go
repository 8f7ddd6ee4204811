package derive

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"golang.org/x/crypto/ssh"
)

// SSHKey is the ed25519 private key of a label, as PEM that ssh clients read. It is
// secret even where the seed was not marked so.
func SSHKey(seed pulumi.StringInput, label string) pulumi.StringOutput {
	key := seed.ToStringOutput().ApplyT(func(seed string) (string, error) { return sshKey(seed, label) })
	return pulumi.ToSecret(key).(pulumi.StringOutput)
}

// sshKey uses PKCS#8 and not OpenSSH's own form, which has random bytes in it: the
// key would be another text in every run.
func sshKey(seed, label string) (string, error) {
	raw, err := Bytes(seed, label)
	if err != nil {
		return "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(ed25519.NewKeyFromSeed(raw))
	if err != nil {
		return "", fmt.Errorf("derive %s: %w", label, err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

// AuthorizedKey is the public half of any private key that has no passphrase, as a
// line of an authorized_keys file without a comment.
func AuthorizedKey(privateKey string) (string, error) {
	signer, err := ssh.ParsePrivateKey([]byte(privateKey))
	if err != nil {
		// The error of a parser may quote what it read; this one is about a secret.
		return "", errors.New("the ssh private key cannot be read: it is a PEM file without a passphrase")
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))), nil
}

package derive_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/derive"
	"github.com/home-ops/home-ops/internal/recorder"
)

func sshKey(t *testing.T) (key string, secret bool) {
	t.Helper()
	rec := &recorder.Recorder{}
	if err := rec.Run(func(ctx *pulumi.Context) error {
		ctx.Export("key", derive.SSHKey(pulumi.String(seed), "flux/deploy-key"))
		return nil
	}, "home"); err != nil {
		t.Fatal(err)
	}
	got := rec.Exports()["key"]
	if !got.IsSecret() {
		return got.StringValue(), false
	}
	return got.SecretValue().Element.StringValue(), true
}

func TestSSHKey_IsASecretThatNeverChanges(t *testing.T) {
	first, secret := sshKey(t)
	again, _ := sshKey(t)
	if !secret || first != again {
		t.Errorf("secret %t, the same %t", secret, first == again)
	}
	// Computed with another implementation of HKDF and ed25519.
	const want = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA/NY84EWxBm9WzRMV3oLyqAz5rpRftqzqxamy+k360G"
	if got, err := derive.AuthorizedKey(first); err != nil || got != want {
		t.Errorf("the public key is %s, error %v, want %s", got, err, want)
	}
}

func TestAuthorizedKey_NeverQuotesWhatItCannotRead(t *testing.T) {
	_, err := derive.AuthorizedKey("hunter2")
	want := "the ssh private key cannot be read: it is a PEM file without a passphrase"
	if err == nil || err.Error() != want || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("error %v, want %s", err, want)
	}
}

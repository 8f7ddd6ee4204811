package agekey_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/home-ops/home-ops/internal/agekey"
)

// seal encrypts as SOPS does for a file's data key: for every recipient.
func seal(t *testing.T, text string, recipients ...string) []byte {
	t.Helper()
	parsed, err := age.ParseRecipients(strings.NewReader(strings.Join(recipients, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, parsed...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// opens reports whether a key file, as Flux gets it, opens what was sealed.
func opens(t *testing.T, keyFile string, sealed []byte) bool {
	t.Helper()
	keys, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	identities, err := age.ParseIdentities(bytes.NewReader(keys))
	if err != nil {
		t.Fatal(err)
	}
	_, err = age.Decrypt(bytes.NewReader(sealed), identities...)
	return err == nil
}

// TestRotation_NeverLocksTheClusterOut follows the steps of docs/secrets.md: at each of them the key file that the
// cluster has opens what the repository has, before and after it.
func TestRotation_NeverLocksTheClusterOut(t *testing.T) {
	dir := t.TempDir()
	oldFile, newFile, both := filepath.Join(dir, "old"), filepath.Join(dir, "new"), filepath.Join(dir, "both")
	oldKey, _, err := agekey.Ensure(oldFile)
	if err != nil {
		t.Fatal(err)
	}
	newKey, _, err := agekey.Ensure(newFile)
	if err != nil {
		t.Fatal(err)
	}
	var joined []byte
	for _, file := range []string{oldFile, newFile} {
		keys, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		joined = append(joined, keys...)
	}
	if err := os.WriteFile(both, joined, 0o600); err != nil {
		t.Fatal(err)
	}

	before, between, after := seal(t, "s", oldKey), seal(t, "s", oldKey, newKey), seal(t, "s", newKey)
	for _, step := range []struct {
		name       string
		cluster    string
		repository []byte
		want       bool
	}{
		{"at first", oldFile, before, true},
		{"the cluster has both keys", both, before, true},
		{"the files are for both keys", both, between, true},
		{"the files are for the new key", both, after, true},
		{"the cluster has the new key", newFile, after, true},
		{"the old key is worth nothing any more", oldFile, after, false},
		{"a step left out", newFile, before, false},
	} {
		if got := opens(t, step.cluster, step.repository); got != step.want {
			t.Errorf("%s: opens %t", step.name, got)
		}
	}
}

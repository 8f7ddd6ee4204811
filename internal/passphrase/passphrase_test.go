package passphrase_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/home-ops/home-ops/internal/passphrase"
	"github.com/home-ops/home-ops/spec/spectest"
)

// The sample's secrets were sealed by pulumi itself, with an empty passphrase.
func TestOpen_ReadsWhatPulumiSealed(t *testing.T) {
	content, err := os.ReadFile(spectest.HomeFile(t))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Salt   string `yaml:"encryptionsalt"`
		Config struct {
			Key struct{ Secure string } `yaml:"home-ops:sopsAgeKey"`
		}
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	if !passphrase.Empty(t.Context(), content) {
		t.Error("the file does not count as sealed with an empty passphrase")
	}
	seal := passphrase.Open(t.Context(), file.Salt, "")
	if seal == nil {
		t.Fatal("the salt does not open")
	}
	if got, err := seal.Secret(t.Context(), file.Config.Key.Secure); err != nil || got != "replace-me" {
		t.Errorf("got %q, %v", got, err)
	}
	if passphrase.Open(t.Context(), file.Salt, "another") != nil {
		t.Error("another passphrase opens it too")
	}
}

func TestSeal_OpensWithItsOwnPassphraseAlone(t *testing.T) {
	seal, err := passphrase.NewSeal(t.Context(), "a passphrase")
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := seal.Value(t.Context(), "a secret")
	if err != nil || strings.Contains(sealed, "secret") {
		t.Fatalf("%s, %v", sealed, err)
	}
	again := passphrase.Open(t.Context(), seal.Salt, "a passphrase")
	if again == nil || passphrase.Open(t.Context(), seal.Salt, "") != nil {
		t.Fatalf("opened by its own: %t", again != nil)
	}
	if passphrase.Empty(t.Context(), []byte("encryptionsalt: "+seal.Salt+"\n")) {
		t.Error("the file counts as sealed with an empty passphrase")
	}
	if got, err := again.Secret(t.Context(), sealed); err != nil || got != "a secret" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestEnsure_MakesAPassphraseOnceAndForItsOwnerAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config", "home.passphrase")
	first, created, err := passphrase.Ensure(path)
	if err != nil || !created || len(first) < 20 {
		t.Fatalf("%q, %t, %v", first, created, err)
	}
	if again, created, err := passphrase.Ensure(path); again != first || created || err != nil {
		t.Errorf("%q, %t, %v", again, created, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := passphrase.Ensure(path); err == nil || err.Error() != path+" is empty: write a passphrase into it, or remove it" {
		t.Errorf("got %v", err)
	}
}

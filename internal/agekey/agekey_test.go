package agekey_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/internal/agekey"
)

func TestEnsure_MakesAKeyOnceAndKeepsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sops", "age", "keys.txt")
	first, created, err := agekey.Ensure(path)
	if err != nil || !created {
		t.Fatalf("created %v, error %v", created, err)
	}
	if !regexp.MustCompile(`^age1[02-9ac-hj-np-z]{58}$`).MatchString(first) {
		t.Errorf("%q is not a public key", first)
	}
	before, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(before), "\nAGE-SECRET-KEY-1") {
		t.Errorf("the file holds no private key: %v", err)
	}
	for p, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Stat(p); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, want %v", p, info.Mode().Perm(), want)
		}
	}
	again, created, err := agekey.Ensure(path)
	if err != nil || created || again != first {
		t.Errorf("the second call gave %q, created %v, error %v", again, created, err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the second call changed the file")
	}
}

func TestEnsure_RefusesAFileWithoutAKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.txt")
	if err := os.WriteFile(path, []byte("hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := agekey.Ensure(path)
	if err == nil || !strings.HasPrefix(err.Error(), path+": no age key can be read: ") {
		t.Errorf("got %v", err)
	}
}

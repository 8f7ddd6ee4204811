package rehearsal

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func stackFileOf(t *testing.T, text string) (*stackFile, string) {
	t.Helper()
	project := t.TempDir()
	if err := os.WriteFile(filepath.Join(project, "Pulumi.home.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := copyStackFile(project, "home", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	copied, err := os.ReadFile(f.Copy)
	if err != nil {
		t.Fatal(err)
	}
	return f, string(copied)
}

func TestCopyStackFile_ChangesNothingWhereThereIsNoSecret(t *testing.T) {
	text := "# a comment\nconfig:\n    home-ops:cluster: {name: home}   # another\n"
	if f, copied := stackFileOf(t, text); copied != text || len(f.Secrets) > 0 {
		t.Errorf("got %q and secrets %v", copied, f.Secrets)
	}
}

func TestCopyStackFile_LeavesTheOperatorsSecretsOutside(t *testing.T) {
	f, copied := stackFileOf(t, `encryptionsalt: v1:operators-salt
config:
  home-ops:sopsAgeKey:
    secure: v1:operators-secret
  home-ops:cluster:
    name: home
`)
	if strings.Contains(copied, "operators") {
		t.Errorf("the copy has what only the operator's passphrase opens:\n%s", copied)
	}
	if want := []string{"home-ops:sopsAgeKey"}; !reflect.DeepEqual(f.Secrets, want) {
		t.Errorf("secrets %v, want %v", f.Secrets, want)
	}
	if !strings.Contains(copied, "name: home") {
		t.Errorf("the rest is gone:\n%s", copied)
	}
}

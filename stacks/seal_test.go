package stacks

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The sample's file is sealed with an empty passphrase. A preview of it goes on; an update touches nothing.
func TestCluster_RefusesAnUpdateUnderAnEmptyPassphrase(t *testing.T) {
	content, err := os.ReadFile(stackFileOf(t, "home"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Pulumi.home.yaml"), content, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "")
	t.Setenv("PULUMI_CONFIG_PASSPHRASE_FILE", "")
	rec := engine(t, "home")
	err = rec.Run(program, "home")
	want := "error: encryptionsalt: the stack's secrets are sealed with an empty passphrase: choose one with `pulumi stack change-secrets-provider passphrase --stack home`"
	if err == nil || !slices.Contains(rec.Messages(), want) || len(rec.Names()) > 0 {
		t.Errorf("got %v, registered %v, said\n%s", err, rec.Names(), strings.Join(rec.Messages(), "\n"))
	}
	if rec := engine(t, "home"); rec.Preview(program, "home") != nil {
		t.Errorf("a preview says %v", rec.Messages())
	}
}

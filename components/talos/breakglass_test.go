package talos_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
)

func TestTalosCluster_GivesOutItsSecretsAsTalosctlReadsThem(t *testing.T) {
	r := newRun(home(t))
	if err := r.Run(func(ctx *pulumi.Context) error {
		err := r.program(ctx)
		if err == nil {
			ctx.Export("secrets", r.cluster.MachineSecrets)
		}
		return err
	}, "home"); err != nil {
		t.Fatal(err)
	}
	export := r.Exports()["secrets"]
	if !export.IsSecret() {
		t.Fatalf("not secret: %v", export)
	}
	file := filepath.Join(t.TempDir(), "secrets.yaml")
	if err := os.WriteFile(file, []byte(export.SecretValue().Element.StringValue()), 0o600); err != nil {
		t.Fatal(err)
	}
	bundle, err := secrets.LoadBundle(file)
	if err != nil {
		t.Fatal(err)
	}
	if want := theBundle(); bundle.Cluster.ID != want.Cluster.ID || string(bundle.Certs.OS.Key) != string(want.Certs.OS.Key) ||
		bundle.Secrets.SecretboxEncryptionSecret != want.Secrets.SecretboxEncryptionSecret {
		t.Error("other secrets come back")
	}
	if err := bundle.Validate(config.TalosVersion1_11); err != nil {
		t.Error(err)
	}
}

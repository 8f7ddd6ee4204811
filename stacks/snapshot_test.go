package stacks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/internal/etcdtest"
)

func TestCluster_RefusesABrokenSnapshotBeforeItTouchesAnything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "etcd.db")
	if err := os.WriteFile(path, make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	rec := engine(t, "home")
	p := near()
	p.EtcdSnapshot = path
	err := rec.Preview(p.Run, "home")
	if err == nil || !strings.Contains(err.Error(), "are not whole pages and a hash: it is cut short, or no snapshot") {
		t.Errorf("error %v", err)
	}
	if names := rec.Names(); len(names) > 0 {
		t.Errorf("registered %v", names)
	}
}

func TestCluster_RefusesASnapshotThatItsMachineSecretsDoNotOpen(t *testing.T) {
	ours := etcdtest.Key()
	for name, c := range map[string]struct{ key, outputs, want string }{
		"its own":             {ours, "secrets:\n  secretboxencryptionsecret: " + ours + "\n", ""},
		"another cluster's":   {etcdtest.Key(), "secrets:\n  secretboxencryptionsecret: " + ours + "\n", "do not open 1 of its 1 encrypted objects"},
		"no secrets yet":      {etcdtest.Key(), "", ""},
		"secrets without one": {ours, "cluster: {}", "machine secrets: secretboxEncryptionSecret is not 32 bytes in base64"},
		"no file of secrets":  {ours, "\t" + ours, "stack output machineSecrets: it is no file of machine secrets"},
	} {
		rec := engine(t, "home")
		rec.LastOutputs = outputsOf(t, "home", "home")
		if c.outputs != "" {
			rec.LastOutputs[machineSecretsOutput] = resource.MakeSecret(resource.NewProperty(c.outputs))
		}
		p := near()
		p.EtcdSnapshot = etcdtest.Snapshot(t, etcdtest.Secrets(c.key, "a")...)
		err := rec.Preview(p.Run, "home")
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), ours) {
			t.Errorf("%s: a secret is in %v", name, err)
		}
		if registered := len(rec.Names()) > 0; registered != (c.want == "") {
			t.Errorf("%s: registered %t", name, registered)
		}
	}
}

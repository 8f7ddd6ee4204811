package stacks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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

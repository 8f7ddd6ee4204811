package talos_test

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/talos"
	"github.com/home-ops/home-ops/spec"
)

// snapshot is a file in the form of etcd's own, of more than one message's length.
func snapshot(t *testing.T, spoil func([]byte) []byte) (path string, content []byte) {
	t.Helper()
	pages := bytes.Repeat([]byte("etcd page of 16 "), 512*20)
	sum := sha256.Sum256(pages)
	content = append(pages, sum[:]...)
	if spoil != nil {
		content = spoil(content)
	}
	path = filepath.Join(t.TempDir(), "etcd.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, content
}

func TestCheckSnapshot_RefusesWhatIsNotWhole(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func([]byte) []byte
		want  string
	}{
		"whole":                {nil, ""},
		"half of it":           {func(b []byte) []byte { return b[:len(b)/2] }, "are not whole pages and a hash: it is cut short, or no snapshot"},
		"a page less":          {func(b []byte) []byte { return b[:len(b)-512] }, "its hash does not fit: it was changed or damaged"},
		"a byte that flipped":  {func(b []byte) []byte { b[700] ^= 1; return b }, "its hash does not fit"},
		"without its hash":     {func(b []byte) []byte { return b[:len(b)-32] }, "are not whole pages and a hash"},
		"a sealed copy of one": {func([]byte) []byte { return []byte("age-encryption.org/v1\n") }, "are not whole pages and a hash"},
		"nothing":              {func([]byte) []byte { return nil }, "its 0 bytes are not whole pages and a hash"},
	} {
		path, _ := snapshot(t, c.spoil)
		err := talos.CheckSnapshot(path)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if err := talos.CheckSnapshot(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there is a snapshot")
	}
}

func TestRestoreEtcd_BeginsFromTheSnapshot(t *testing.T) {
	for name, prepare := range map[string]func(*fakeMachine){
		"at once":                         func(*fakeMachine) {},
		"when its clock is right":         func(m *fakeMachine) { m.refuses = 2 },
		"after the machine has forgotten": func(m *fakeMachine) { m.forgets = 1 },
	} {
		path, content := snapshot(t, nil)
		first, second := emptyMachine(), emptyMachine()
		prepare(first)
		err := talos.RestoreEtcdSoon(t.Context(), path, []spec.Node{serve(t, "127.0.81.1", first), serve(t, "127.0.81.2", second)}, adminCredentials())
		if err != nil || !bytes.Equal(first.began, content) || second.bootstraps > 0 {
			t.Errorf("%s: began from %d bytes, want %d: %v", name, len(first.began), len(content), err)
		}
	}
}

func TestRestoreEtcd_PutsNoSnapshotOverWhatIsNewer(t *testing.T) {
	path, _ := snapshot(t, nil)
	machines := []*fakeMachine{emptyMachine(), etcdMachine()}
	err := talos.RestoreEtcdSoon(t.Context(), path, []spec.Node{serve(t, "127.0.81.1", machines[0]), serve(t, "127.0.81.2", machines[1])}, adminCredentials())
	if err == nil || !strings.Contains(err.Error(), "etcd was not restored, because a control plane holds etcd data already") {
		t.Errorf("error %v", err)
	}
	if machines[0].uploaded != nil || machines[0].bootstraps > 0 {
		t.Error("it was uploaded all the same")
	}
}

func TestRestoreEtcd_AsksNobodyWithABrokenSnapshot(t *testing.T) {
	path, _ := snapshot(t, func(b []byte) []byte { return b[:len(b)/2] })
	if err := talos.RestoreEtcd(path)(t.Context(), nil, talos.Credentials{}); err == nil || !strings.Contains(err.Error(), "it is cut short") {
		t.Errorf("error %v", err)
	}
}

package talos_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/talos"
	"github.com/home-ops/home-ops/internal/etcdtest"
)

func TestCheckSnapshotKey_RefusesWhatTheClusterCouldNotRead(t *testing.T) {
	ours, theirs := etcdtest.Key(), etcdtest.Key()
	plain := etcdtest.Object{Name: "/registry/configmaps/default/a", Value: "a"}
	changed := func(before, after string) []etcdtest.Object {
		return append(etcdtest.Secrets(before, "a"), etcdtest.Secrets(after, "a")...)
	}
	const another = "the snapshot is another cluster's, or the state is"
	for name, c := range map[string]struct {
		objects []etcdtest.Object
		key     string
		want    string
	}{
		"its own key":                        {append(etcdtest.Secrets(ours, "a", "b"), plain), ours, ""},
		"another key":                        {append(etcdtest.Secrets(theirs, "a", "b"), plain), ours, "do not open 2 of its 2 encrypted objects, such as secrets/default/b: " + another},
		"one of another key":                 {append(etcdtest.Secrets(ours, "a"), etcdtest.Secrets(theirs, "b")...), ours, "do not open 1 of its 2 encrypted objects, such as secrets/default/b: "},
		"an older revision of another key":   {changed(theirs, ours), ours, ""},
		"a newer revision of another key":    {changed(ours, theirs), ours, "do not open 1 of its 1 encrypted objects"},
		"one of another key that was erased": {append(etcdtest.Secrets(theirs, "a"), etcdtest.Object{Name: "/registry/secrets/default/a"}, plain), ours, ""},
		"a value that is cut short":          {[]etcdtest.Object{{Name: "/registry/secrets/default/a", Value: "k8s:enc:secretbox:v1:key2:short"}}, ours, "do not open 1 of its 1 encrypted objects"},
		"nothing encrypted":                  {[]etcdtest.Object{plain}, ours, ""},
		"nothing at all":                     {nil, ours, "it is empty"},
		"no key":                             {etcdtest.Secrets(ours, "a"), "c2hvcnQ=", "machine secrets: secretboxEncryptionSecret is not 32 bytes in base64"},
	} {
		err := talos.CheckSnapshotKey(etcdtest.Snapshot(t, c.objects...), c.key)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), c.key) || strings.Contains(err.Error(), "the value of")) {
			t.Errorf("%s: a secret is in %v", name, err)
		}
	}
}

func TestCheckSnapshotKey_OpensNoFileThatIsNotWhole(t *testing.T) {
	key := etcdtest.Key()
	path := etcdtest.Snapshot(t, etcdtest.Secrets(key, "a")...)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := talos.CheckSnapshotKey(path, key); err == nil || !strings.Contains(err.Error(), "it was changed or damaged") {
		t.Errorf("error %v", err)
	}
	noDatabase, _ := snapshot(t, nil)
	if err := talos.CheckSnapshotKey(noDatabase, key); err == nil || !strings.Contains(err.Error(), "invalid database") {
		t.Errorf("error %v", err)
	}
}

func TestTalosCluster_TouchesNoMachineForASnapshotThatItsSecretsDoNotOpen(t *testing.T) {
	r := newRun(home(t))
	r.args.EtcdSnapshot = etcdtest.Snapshot(t, etcdtest.Secrets(etcdtest.Key(), "a")...)
	for name, run := range map[string]func() error{
		"a preview": func() error { return r.PreviewExisting(r.program, "home") },
		"an update": func() error { return r.Run(r.program, "home") },
	} {
		if err := run(); err == nil || !strings.Contains(err.Error(), "do not open 1 of its 1 encrypted objects") {
			t.Errorf("%s: error %v", name, err)
		}
		if applied := len(r.OfType(applyType)); applied > 0 || len(r.started) > 0 {
			t.Errorf("%s: %d machines have a config, and etcd was started for %v", name, applied, r.started)
		}
	}
}

func TestTalosCluster_BeginsFromASnapshotOfItsOwn(t *testing.T) {
	stack := home(t)
	machines := []*fakeMachine{emptyMachine(), emptyMachine()}
	for i, address := range []string{"127.0.82.1", "127.0.82.2"} {
		stack.Nodes[i].Address = serve(t, address, machines[i]).Address
	}
	r := newRun(stack)
	r.args.EtcdSnapshot = etcdtest.Snapshot(t, etcdtest.Secrets(theBundle().Secrets.SecretboxEncryptionSecret, "a")...)
	r.args.EtcdStarter = nil
	r.up(t)
	content, err := os.ReadFile(r.args.EtcdSnapshot)
	if err != nil || !bytes.Equal(machines[0].began, content) || machines[1].bootstraps > 0 {
		t.Errorf("began from %d bytes, want %d: %v", len(machines[0].began), len(content), err)
	}
}

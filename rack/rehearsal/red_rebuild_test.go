package rehearsal

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	taloscluster "github.com/home-ops/home-ops/components/talos"
	"github.com/home-ops/home-ops/internal/etcdtest"
)

// drilled has pulumi meet snapshots that are no good.
func drilled(ctx context.Context, b *broken) {
	if err := b.drillSnapshots(ctx, etcdtest.Snapshot(b.t, etcdtest.Secrets(etcdtest.Key(), "a")...)); err != nil && ctx.Err() == nil {
		b.t.Error(err)
	}
}

// pulumiRefuses is one that says why, and has changed something all the same or has not.
func pulumiRefuses(b *broken, changes string) {
	b.pulumiEnds(1, "", `{"diagnosticEvent": {"severity": "error", "message": "it is cut short, or no snapshot; the snapshot is another cluster's, or the state is"}}`, summary(changes))
}

// opened is a break-glass copy of which a part is as damage says.
func opened(damage func(*corev1.Secret)) func(context.Context, *broken) {
	return func(_ context.Context, b *broken) {
		want := map[string][]byte{}
		secret := corev1.Secret{Data: map[string][]byte{}}
		for _, key := range []string{"RESTIC_REPOSITORY", "RESTIC_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
			want[key], secret.Data[key] = []byte("the "+key), []byte("the "+key)
		}
		damage(&secret)
		dir := b.t.TempDir()
		raw, err := yaml.Marshal(secret)
		if err == nil {
			err = os.Mkdir(filepath.Join(dir, "backups"), 0o700)
		}
		if err == nil && len(secret.Data) > 0 {
			err = os.WriteFile(filepath.Join(dir, "backups", "etcd-backup.etcd-backup.yaml"), raw, 0o600)
		}
		if err != nil {
			b.t.Fatal(err)
		}
		b.findsBackups(dir, want)
	}
}

func TestFindsBackups_SeesWhatACopyHas(t *testing.T) {
	b := newBroken(t)
	opened(func(*corev1.Secret) {})(t.Context(), b)
	if len(b.report.Checks) != 1 || !b.report.Checks[0].OK {
		t.Errorf("%+v", b.report.Checks)
	}
}

func TestAnotherKey_LeavesAWholeSnapshotThatTheKeyDoesNotOpen(t *testing.T) {
	key := etcdtest.Key()
	path := etcdtest.Snapshot(t, etcdtest.Secrets(key, "a", "b")...)
	if err := taloscluster.CheckSnapshotKey(path, key); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := anotherKey(text)
	if err == nil {
		err = os.WriteFile(path, foreign, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := taloscluster.CheckSnapshotKey(path, key); err == nil || !strings.Contains(err.Error(), "do not open 2 of its 2 encrypted objects") {
		t.Errorf("error %v", err)
	}
	if _, err := anotherKey(make([]byte, 1024)); err == nil {
		t.Error("a drill without anything encrypted shows something")
	}
}

// redRebuild are lines about a cluster that is built again, and about a VIP that moves.
var redRebuild = []red{
	{
		line: "drill: a snapshot that is cut short is refused", fault: "it is taken",
		whole: func(b *broken) { pulumiRefuses(b, `"same": 1`) }, damage: func(b *broken) { b.pulumi("", summary(`"same": 1`)) },
		want: "pulumi said that all went well", do: drilled,
	},
	{
		line: "drill: nothing changes by a snapshot that is cut short", fault: "something does",
		whole: func(b *broken) { pulumiRefuses(b, `"same": 1`) }, damage: func(b *broken) { pulumiRefuses(b, `"create": 1`) },
		want: "create:1", do: drilled,
	},
	{
		line: "drill: a snapshot of another secretbox key is refused", fault: "it is taken",
		whole: func(b *broken) { pulumiRefuses(b, `"same": 1`) }, damage: func(b *broken) { b.pulumi("", summary(`"same": 1`)) },
		want: "pulumi said that all went well", do: drilled,
	},
	{
		line: "drill: nothing changes by a snapshot of another secretbox key", fault: "something does",
		whole: func(b *broken) { pulumiRefuses(b, `"same": 1`) }, damage: func(b *broken) { pulumiRefuses(b, `"create": 1`) },
		want: "create:1", do: drilled,
	},
	{
		line: "the break-glass copy opens the copies of etcd", fault: "it has another password",
		damage: func(*broken) {}, want: "RESTIC_PASSWORD is not the cluster's",
		do: opened(func(s *corev1.Secret) { s.Data["RESTIC_PASSWORD"] = []byte("another") }),
	},
	{
		line: "the break-glass copy opens the copies of etcd", fault: "it has no address",
		damage: func(*broken) {}, want: "RESTIC_REPOSITORY is not the cluster's",
		do: opened(func(s *corev1.Secret) { delete(s.Data, "RESTIC_REPOSITORY") }),
	},
	{
		line: "the break-glass copy opens the copies of etcd", fault: "it says nothing of them",
		damage: func(*broken) {}, want: "no such file",
		do: opened(func(s *corev1.Secret) { s.Data = nil }),
	},
	{
		line: "what was written after the snapshot is not there", fault: "etcd is not the snapshot's",
		whole: func(*broken) {},
		damage: func(b *broken) {
			b.api["/api/v1/namespaces/default/configmaps/"+afterName] = "{kind: ConfigMap, apiVersion: v1, metadata: {name: m}}"
		},
		want: "<nil>", do: func(ctx context.Context, b *broken) { b.rewound(ctx, b.cluster) },
	},
	{
		line: "another VIP: nobody holds the former", fault: "somebody does", want: "somebody answers at 127.0.0.1:",
		damage: func(b *broken) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				b.t.Fatal(err)
			}
			b.t.Cleanup(func() { _ = l.Close() })
			b.left(l.Addr().String())
		}, do: func(context.Context, *broken) {},
	},
}

package rehearsal

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
)

// drilled has pulumi meet a snapshot that is cut short.
func drilled(ctx context.Context, b *broken) {
	path := filepath.Join(b.t.TempDir(), "etcd.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 1024), 0o600); err != nil {
		b.t.Fatal(err)
	}
	if err := b.drillSnapshots(ctx, path); err != nil && ctx.Err() == nil {
		b.t.Error(err)
	}
}

// pulumiRefuses is one that says why, and has changed something all the same or has not.
func pulumiRefuses(b *broken, changes string) {
	b.pulumiEnds(1, "", `{"diagnosticEvent": {"severity": "error", "message": "it is cut short, or no snapshot"}}`, summary(changes))
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

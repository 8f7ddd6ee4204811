package rehearsal

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// marker is a cluster with what a scenario wrote: on worker-1, which keeps it, and not on worker-2, which was wiped.
func marker(t *testing.T) (*broken, marks) {
	t.Helper()
	b := newBroken(t)
	written := marks{uid: "uid-1", volume: "pv-1", wiped: map[netip.Addr]bool{}}
	for _, node := range b.stack.Nodes {
		switch node.Name {
		case "worker-2":
			written.wiped[node.Address] = true
		case "worker-1":
		default:
			continue
		}
		m := &machine{spec: node, dir: t.TempDir()}
		if err := os.Mkdir(filepath.Dir(m.marker()), 0o700); err != nil {
			t.Fatal(err)
		}
		b.rack.nodes = append(b.rack.nodes, m)
		if node.Name == "worker-1" {
			leaveMarker(t, m)
		}
	}
	b.api["/api/v1/namespaces/default/configmaps/"+markerName] = "{kind: ConfigMap, apiVersion: v1, metadata: {name: m, uid: uid-1}, data: {written: before}}"
	b.api["/api/v1/namespaces/default/secrets/"+markerName] = "{kind: Secret, apiVersion: v1, metadata: {name: m}, data: {written: YmVmb3Jl}}"
	b.api["/apis/apps/v1/namespaces/default/statefulsets/"+markerName] = "{kind: StatefulSet, apiVersion: apps/v1, metadata: {name: m}, status: {readyReplicas: 1}}"
	b.api["/api/v1/namespaces/default/persistentvolumeclaims/volume-"+markerName+"-0"] = "{kind: PersistentVolumeClaim, apiVersion: v1, metadata: {name: m}, spec: {volumeName: pv-1}, status: {phase: Bound}}"
	return b, written
}

func leaveMarker(t *testing.T, m *machine) {
	t.Helper()
	if err := os.WriteFile(m.marker(), []byte("before"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestMarked_SeesWhatIsLostAndWhatShouldBe(t *testing.T) {
	for want, damage := range map[string]func(*broken, *marks){
		"":                              func(*broken, *marks) {},
		"the marker in etcd is another": func(_ *broken, written *marks) { written.uid = "uid-2" },
		"the encrypted marker in etcd is another": func(b *broken, _ *marks) {
			path := "/api/v1/namespaces/default/secrets/" + markerName
			b.api[path] = strings.Replace(b.api[path], "YmVmb3Jl", "YWZ0ZXI=", 1)
		},
		"the encrypted marker in etcd: no " + markerName: func(b *broken, _ *marks) { delete(b.api, "/api/v1/namespaces/default/secrets/"+markerName) },
		"volume was pv-2 and is pv-1":                    func(_ *broken, written *marks) { written.volume = "pv-2" },
		"EPHEMERAL of worker-1 was wiped":                func(b *broken, _ *marks) { _ = os.Remove(b.rack.nodes[0].marker()) },
		"EPHEMERAL of worker-2 was not wiped":            func(b *broken, _ *marks) { leaveMarker(b.t, b.rack.nodes[1]) },
		"the marker's pod is not ready":                  func(b *broken, _ *marks) { b.notReady() },
		"no " + markerName:                               func(b *broken, _ *marks) { delete(b.api, "/api/v1/namespaces/default/configmaps/"+markerName) },
	} {
		t.Run(want, func(t *testing.T) {
			b, written := marker(t)
			damage(b, &written)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			err := b.marked(ctx, b.cluster, written)
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
		})
	}
}

// notReady takes the marker's pod away.
func (b *broken) notReady() {
	path := "/apis/apps/v1/namespaces/default/statefulsets/" + markerName
	b.api[path] = strings.Replace(b.api[path], "readyReplicas: 1", "readyReplicas: 0", 1)
}

package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/home-ops/home-ops/rack/addons/volumes"
)

// marker is a cluster with what a scenario wrote: on worker-1, which keeps it, and not on worker-2, which was wiped.
func marker(t *testing.T) (*broken, marks) {
	t.Helper()
	b := newBroken(t)
	written := marks{uid: "uid-1", wiped: map[netip.Addr]bool{}, exchanged: map[string]bool{}, volumes: []markedVolume{
		{set: markerName, name: "pv-1", handle: "pv-1", text: "block"}, {set: markerName + "-zfs", class: "zfs", name: "pv-2", handle: "pv-2", node: "worker-1", text: "zfs"},
	}}
	b.rack.volumes = volumes.In(t.TempDir())
	for i, v := range written.volumes {
		marked(b, v, i+1)
	}
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
	return b, written
}

// marked has the pod of a marker run on its volume.
func marked(b *broken, v markedVolume, number int) {
	b.t.Helper()
	b.api["/apis/apps/v1/namespaces/default/statefulsets/"+v.set] = "{kind: StatefulSet, apiVersion: apps/v1, metadata: {name: m}, status: {readyReplicas: 1}}"
	b.api["/api/v1/namespaces/default/persistentvolumeclaims/volume-"+v.set+"-0"] = fmt.Sprintf("{kind: PersistentVolumeClaim, apiVersion: v1, metadata: {name: m}, spec: {volumeName: pv-%d}, status: {phase: Bound}}", number)
	b.api["/api/v1/persistentvolumes/"+v.name] = fmt.Sprintf("{kind: PersistentVolume, apiVersion: v1, metadata: {name: pv-%d}, spec: {csi: {driver: d, volumeHandle: pv-%[1]d}}}", number)
	if err := errors.Join(b.rack.volumes.Make(v.handle, ""), volumes.Write(b.rack.volumes.Volume(v.handle), map[string][]byte{markerName: []byte(v.text)}, true)); err != nil {
		b.t.Fatal(err)
	}
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
		"volume was pv-9 and is pv-1":                    func(_ *broken, written *marks) { written.volumes[0].name = "pv-9" },
		`the marker on it is "", and was "zfs"`: func(b *broken, _ *marks) {
			_ = os.Remove(filepath.Join(b.rack.volumes.Volume("pv-2"), markerName))
		},
		`the marker on it is "zfs", and was "block"`: func(b *broken, _ *marks) {
			_ = volumes.Write(b.rack.volumes.Volume("pv-1"), map[string][]byte{markerName: []byte("zfs")}, true)
		},
		"volumes: lstat":                      func(b *broken, _ *marks) { _ = b.rack.volumes.Lose() },
		"no volume was marked":                func(_ *broken, written *marks) { written.volumes = nil },
		"EPHEMERAL of worker-1 was wiped":     func(b *broken, _ *marks) { _ = os.Remove(b.rack.nodes[0].marker()) },
		"EPHEMERAL of worker-2 was not wiped": func(b *broken, _ *marks) { leaveMarker(b.t, b.rack.nodes[1]) },
		"the marker's pod is not ready":       func(b *broken, _ *marks) { b.notReady() },
		"no " + markerName:                    func(b *broken, _ *marks) { delete(b.api, "/api/v1/namespaces/default/configmaps/"+markerName) },
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

// A volume that lies on one node goes with the disks of its machine; what lies on others does not.
func TestMarked_AsksNothingOfADiskThatIsGone(t *testing.T) {
	b, written := marker(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_ = os.RemoveAll(b.rack.volumes.Volume("pv-2"))
	written.exchanged["worker-1"] = true
	if err := b.marked(ctx, b.cluster, written); err != nil {
		t.Error(err)
	}
	_ = os.RemoveAll(b.rack.volumes.Volume("pv-1"))
	if err := b.marked(ctx, b.cluster, written); err == nil || !strings.Contains(err.Error(), markerName+" on pv-1") {
		t.Errorf("got %v", err)
	}
}

// The default class has its marker without its name, so that it is the default one that is used.
func TestVolumesToMark_AreOneOfEachClassThatPromisesSomething(t *testing.T) {
	b := newBroken(t)
	class := func(name, provisioner, parameters string) string {
		return "{kind: StorageClass, apiVersion: storage.k8s.io/v1, metadata: {name: " + name + "}, provisioner: " + provisioner + ", parameters: {" + parameters + "}}"
	}
	b.list(classesPath, class(b.stack.Storage.DefaultClass, "rbd", ""), class("zfs-tank", "zfs", ""), class("buckets", "rook-ceph.ceph.rook.io/bucket", ""),
		class("single", "driver.longhorn.io", `numberOfReplicas: "1"`))
	all, err := b.volumesToMark(t.Context(), b.cluster)
	if want := []markedVolume{{set: markerName}, {set: markerName + "-zfs-tank", class: "zfs-tank"}}; err != nil || !slices.Equal(all, want) {
		t.Errorf("%+v, %v", all, err)
	}
}

// notReady takes the marker's pod away.
func (b *broken) notReady() {
	path := "/apis/apps/v1/namespaces/default/statefulsets/" + markerName
	b.api[path] = strings.Replace(b.api[path], "readyReplicas: 1", "readyReplicas: 0", 1)
}

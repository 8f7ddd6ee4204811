package rehearsal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/kubernetes/scheme"
	kubectl "k8s.io/kubectl/pkg/cmd"
	cmdutil "k8s.io/kubectl/pkg/cmd/util"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/spec"
)

func TestLike_IsAnotherDiskAtTheSamePlace(t *testing.T) {
	old := node.Disk{Path: "/dev/sdb", Type: node.DiskHDD, Transport: "sata", Model: "WDC WD40", Serial: "OLD", WWID: "naa.5", Dead: true}
	old.Symlinks = udevLinks(old)
	is := like(old, "NEW")
	if is.Path != old.Path || is.Model != old.Model || is.Dead || is.WWID != "" || is.Serial != "NEW" {
		t.Errorf("%+v", is)
	}
	if links := strings.Join(is.Symlinks, " "); !strings.Contains(links, "_NEW") || strings.Contains(links, "OLD") || strings.Contains(links, "wwn") {
		t.Errorf("%s", links)
	}
}

func TestCephSerial_WritesTheNewDiskWhereTheOldOneWas(t *testing.T) {
	config := func() map[string]any {
		return map[string]any{"home-ops:storage": map[string]any{"rookCeph": map[string]any{"nodes": []any{
			map[string]any{"name": "worker-1", "disks": []any{map[string]any{"serial": "A"}}},
			map[string]any{"name": "worker-2", "disks": []any{map[string]any{"serial": "B"}, map[string]any{"serial": "C"}}},
		}}}}
	}
	c := config()
	if err := cephSerial("worker-2", "C", "NEW")(c); err != nil {
		t.Fatal(err)
	}
	nodes := listOf(c["home-ops:storage"].(map[string]any)["rookCeph"].(map[string]any)["nodes"])
	if a, b, changed := listOf(nodes[0]["disks"])[0]["serial"], listOf(nodes[1]["disks"])[0]["serial"], listOf(nodes[1]["disks"])[1]["serial"]; a != "A" || b != "B" || changed != "NEW" {
		t.Errorf("%v", nodes)
	}
	if err := cephSerial("worker-1", "C", "NEW")(config()); err == nil || err.Error() != "storage.rookCeph.nodes: worker-1 has no disk C" {
		t.Errorf("%v", err)
	}
}

func TestZFSDisk_IsOneThatThePoolCanLose(t *testing.T) {
	b := newBroken(t)
	onDisks(b)
	m, pool, disk, ok := b.zfsDisk()
	if !ok || m.spec.Name != "worker-1" || pool.Name != "tank" || disk.Serial != "WD-CA2K4H8P" {
		t.Errorf("%v %v %v", pool, disk, ok)
	}
	b.stack.Storage.ZFS.Pools[0].Layout = spec.ZFSStripe
	if _, pool, _, ok := b.zfsDisk(); ok {
		t.Errorf("a stripe can lose none: %v", pool)
	}
}

func TestZFSSerial_WritesTheNewDiskWhereTheOldOneWas(t *testing.T) {
	config := func() map[string]any {
		return map[string]any{"home-ops:storage": map[string]any{"zfs": map[string]any{"pools": []any{
			map[string]any{"name": "tank", "node": "worker-2", "disks": []any{map[string]any{"serial": "B"}}},
			map[string]any{"name": "tank", "node": "worker-1", "disks": []any{map[string]any{"serial": "A"}, map[string]any{"serial": "B"}}},
		}}}}
	}
	c := config()
	if err := zfsSerial(spec.ZFSPool{Name: "tank", Node: "worker-1"}, "B", "NEW")(c); err != nil {
		t.Fatal(err)
	}
	pools := listOf(c["home-ops:storage"].(map[string]any)["zfs"].(map[string]any)["pools"])
	if other, is := listOf(pools[0]["disks"])[0]["serial"], listOf(pools[1]["disks"])[1]["serial"]; other != "B" || is != "NEW" {
		t.Errorf("%v", pools)
	}
	if err := zfsSerial(spec.ZFSPool{Name: "fast", Node: "worker-1"}, "B", "NEW")(config()); err == nil || err.Error() != "storage.zfs.pools: fast of worker-1 has no disk B" {
		t.Errorf("%v", err)
	}
}

// The pod is the one that Kubernetes's own kubectl makes of the page's words, without its being attached to.
func TestDebugPod_OfThePageReachesTheHostsZpool(t *testing.T) {
	b := newBroken(t)
	b.config.Project = filepath.Join("..", "..")
	tankIs(func(*broken, *machine) {})(b)
	_, pool, _, _ := b.zfsDisk()
	words, err := b.words(poolStatus, ofPool(pool))
	if err != nil {
		t.Fatal(err)
	}
	var made corev1.Pod
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if req.Method == http.MethodPost && req.URL.Path == "/api/v1/namespaces/kube-system/pods" {
			body, err := io.ReadAll(req.Body)
			if err == nil {
				_, _, err = scheme.Codecs.UniversalDeserializer().Decode(body, nil, &made)
			}
			if err != nil {
				t.Error(err)
			}
			_ = json.NewEncoder(w).Encode(made)
			return
		}
		known := map[string]string{
			"/api":  `{"kind": "APIVersions", "versions": ["v1"]}`,
			"/apis": `{"kind": "APIGroupList", "apiVersion": "v1", "groups": []}`,
			"/api/v1": `{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1", "resources": [
				{"name": "nodes", "kind": "Node", "namespaced": false, "verbs": ["get"]}, {"name": "pods", "kind": "Pod", "namespaced": true, "verbs": ["get", "create"]}]}`,
			"/api/v1/nodes/worker-1": `{"kind": "Node", "apiVersion": "v1", "metadata": {"name": "worker-1"}}`,
		}[req.URL.Path]
		if known == "" {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprint(w, known)
	}))
	defer server.Close()
	cmdutil.BehaviorOnFatal(func(said string, _ int) { t.Errorf("kubectl: %s", said) })
	defer cmdutil.DefaultBehaviorOnFatal()
	command := kubectl.NewKubectlCommand(kubectl.KubectlOptions{
		Arguments: words, IOStreams: genericiooptions.NewTestIOStreamsDiscard(), ConfigFlags: genericclioptions.NewConfigFlags(true),
	})
	command.SetArgs(append([]string{"--server", server.URL, "--cache-dir", t.TempDir()}, withoutTerminal(words)[1:]...))
	if err := command.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := b.rack.zfs.Debug(t.Context(), &made, &out); err != nil || !strings.Contains(out.String(), "pool: tank\n state: ONLINE\n") {
		t.Errorf("%v: %s", err, out.String())
	}
	if made.Labels["app.kubernetes.io/managed-by"] != "kubectl-debug" {
		t.Errorf("the page's command does not find it to delete it: %v", made.Labels)
	}
}

func TestSettingChanges_TellAFluxThatDoesNotWatch(t *testing.T) {
	b := newBroken(t)
	for flux, want := range map[spec.Version]int{"v2.6.4": 2, "v2.7.0": 1} {
		b.stack.Versions.Flux = flux
		if got := b.settingChanges(); len(got) != want {
			t.Errorf("%s: %q", flux, got)
		}
	}
}

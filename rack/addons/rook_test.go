package addons_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/home-ops/home-ops/rack/addons"
	"github.com/home-ops/home-ops/rack/addons/internal/apitest"
	"github.com/home-ops/home-ops/rack/addons/internal/hosttest"
	"github.com/home-ops/home-ops/rack/addons/rook"
)

const cephAPI = "ceph.rook.io/v1"

// A node that leaves the cluster takes its monitor along, and another one gets it.
func TestRook_MakesAMonitorAnewWhoseNodeHasLeft(t *testing.T) {
	c := play(t)
	c.Define(definitions + "/rook")
	for _, node := range []string{"0", "a", "b", "c"} {
		c.Applyf("{apiVersion: v1, kind: Node, metadata: {name: %[1]q, labels: {kubernetes.io/hostname: %[1]q}}}", node)
	}
	t.Cleanup(func() {
		for _, node := range []string{"a", "b", "c"} {
			c.Delete("v1", "Node", node)
		}
		for _, mon := range []string{"a", "b", "c"} {
			c.Delete("apps/v1", "Deployment", "rook-ceph/rook-ceph-mon-"+mon)
		}
	})
	c.Operator("rook-ceph", "rook-ceph-operator")
	c.Applyf(ceph, "DATA-c")
	on := func(mon, node string) {
		t.Helper()
		c.Eventually("apps/v1", "Deployment", "rook-ceph/rook-ceph-mon-"+mon, "spec.template.spec.nodeSelector", `{"kubernetes.io/hostname":"`+node+`"}`)
	}
	on("a", "0")
	on("b", "a")
	on("c", "b")
	c.Delete("v1", "Node", "0")
	on("a", "c")
	on("b", "a")
	on("c", "b")
}

func TestRook_TakesTheDisksThatACephClusterNames(t *testing.T) {
	c := play(t)
	c.Define(definitions + "/rook")
	for _, node := range []string{"a", "b", "c"} {
		c.Applyf("{apiVersion: v1, kind: Node, metadata: {name: %[1]s, labels: {kubernetes.io/hostname: %[1]s}}}", node)
		t.Cleanup(func() { c.Delete("v1", "Node", node) })
	}
	c.Operator("rook-ceph", "rook-ceph-operator")

	c.Applyf(ceph, "DATA-d")
	c.Eventually(cephAPI, "CephCluster", "rook-ceph/rook-ceph", "status.message",
		`"node c: devicePathFilter \"^/dev/disk/by-id/nvme-(.+_)?DATA-d$\" matches none of its disks: /dev/nvme0n1, /dev/nvme1n1"`)
	c.Applyf(ceph, "SYSTEM-c")
	c.Eventually(cephAPI, "CephCluster", "rook-ceph/rook-ceph", "status.message",
		`"node c: devicePathFilter \"^/dev/disk/by-id/nvme-(.+_)?SYSTEM-c$\" matches /dev/nvme0n1, which is in use: the system disk"`)
	c.Eventually(cephAPI, "CephBlockPool", "rook-ceph/three", "status.phase", `"Progressing"`)

	c.Applyf(ceph, "DATA-c")
	c.Eventually(cephAPI, "CephCluster", "rook-ceph/rook-ceph", "status.message",
		`"Configuring the Ceph cluster: waiting for mon.a, mon.b, mon.c, mgr.a, osd.0, osd.1, osd.2"`)
	allRun(c)
	c.Eventually(cephAPI, "CephCluster", "rook-ceph/rook-ceph", "status.phase", `"Ready"`)
	c.Eventually(cephAPI, "CephCluster", "rook-ceph/rook-ceph", "status.ceph.health", `"HEALTH_OK"`)
	c.Eventually(cephAPI, "CephCluster", "rook-ceph/rook-ceph", "status.storage.osd.storeType.bluestore", "3")
	c.Eventually("apps/v1", "Deployment", "rook-ceph/rook-ceph-osd-2", "spec.template.spec.nodeSelector", `{"kubernetes.io/hostname":"c"}`)
	c.Eventually(cephAPI, "CephBlockPool", "rook-ceph/three", "status.phase", `"Ready"`)
	c.Eventually(cephAPI, "CephBlockPool", "rook-ceph/four", "status.conditions.[type=Failure].message",
		`"4 copies on different hosts need 4 of them with a disk of Ceph, and there are 3"`)
	c.Eventually(cephAPI, "CephFilesystemSubVolumeGroup", "rook-ceph/fs-csi", "status.phase", `"Ready"`)

	// The driver asks for volumes with the key that the operator made.
	c.Namespace("apps")
	volume := claims(c, "on-three")
	c.Eventually("v1", "PersistentVolume", volume, "spec.claimRef.name", `"on-three"`)
	c.Eventually("v1", "PersistentVolume", volume, "spec.csi.driver", `"rook-ceph.rbd.csi.ceph.com"`)

	// Rook v1.20 makes no driver itself any more.
	c.Define(definitions + "/ceph-csi")
	c.Applyf(rookOperator, "v1.20.3")
	volume = claims(c, "with-rook-1.20")
	c.Never("v1", "PersistentVolume", volume, "kind", `"PersistentVolume"`)
	c.Apply("{apiVersion: csi.ceph.io/v1, kind: Driver, metadata: {name: rook-ceph.rbd.csi.ceph.com, namespace: rook-ceph}}")
	c.Eventually("v1", "PersistentVolume", volume, "spec.claimRef.name", `"with-rook-1.20"`)
	c.Applyf(rookOperator, "v1.19.9")
	c.Delete("csi.ceph.io/v1", "Driver", "rook-ceph/rook-ceph.rbd.csi.ceph.com")
	volume = claims(c, "with-rook-1.19")
	c.Eventually("v1", "PersistentVolume", volume, "spec.claimRef.name", `"with-rook-1.19"`)
}

// claims asks for a volume of the pool three, and returns the name that it is to have.
func claims(c *apitest.Client, name string) (volume string) {
	c.Applyf(claim, name)
	return "pvc-" + strings.Trim(c.Field("v1", "PersistentVolumeClaim", "apps/"+name, "metadata.uid"), `"`)
}

func TestRook_CephIsDegradedWhileANodeIsAwayAndUntilItsDataIsWholeAgain(t *testing.T) {
	var off atomic.Value
	off.Store("")
	c := play(t, func(o *addons.Options) { o.Down = func(node string) bool { return node == off.Load() } })
	runsCeph(t, c)
	health := func(path, want string) {
		t.Helper()
		c.Eventually(cephAPI, "CephCluster", "rook-ceph/rook-ceph", "status.ceph."+path, want)
	}
	whole := func() {
		t.Helper()
		health("health", `"HEALTH_OK"`)
		health("details", "-")
	}
	degraded := func() {
		t.Helper()
		health("health", `"HEALTH_WARN"`)
		health("details.OSD_DOWN.message", `"1 osds down"`)
		// How many there are follows the pools, which other tests make, too.
		health("details.PG_DEGRADED.severity", `"HEALTH_WARN"`)
	}
	whole()

	// A machine goes down: the API does not know of it yet, and Ceph does.
	off.Store("b")
	degraded()
	health("details.MON_DOWN.message", `"1/3 mons down, quorum a,c"`)
	c.Eventually(cephAPI, "CephCluster", "rook-ceph/rook-ceph", "status.phase", `"Ready"`)
	// It is back, and its programs start anew: what was written meanwhile has to be copied.
	runs(c, "osd-1", "b", time.Now())
	off.Store("")
	health("details.OSD_DOWN", "-")
	health("details.PG_DEGRADED.severity", `"HEALTH_WARN"`)
	whole()

	// Kubernetes hears nothing of a node any more.
	c.PatchStatus("v1", "Node", "c", `{"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}`)
	degraded()
	c.PatchStatus("v1", "Node", "c", `{"status": {"conditions": [{"type": "Ready", "status": "True"}]}}`)
	whole()

	// The pod alone is moved away, as from a node that is drained.
	c.Delete("v1", "Pod", "rook-ceph/osd-0")
	degraded()
}

// allRun has every daemon of testdata/ceph.yaml run. Those of the file system come last: they wait for the others.
func allRun(c *apitest.Client) {
	for _, d := range []struct{ name, node string }{
		{"mon-a", "a"},
		{"mon-b", "b"},
		{"mon-c", "c"},
		{"mgr-a", "a"},
		{"osd-0", "a"},
		{"osd-1", "b"},
		{"osd-2", "c"},
		{"mds-fs-a", "a"},
		{"mds-fs-b", "c"},
	} {
		c.Eventually("apps/v1", "Deployment", "rook-ceph/rook-ceph-"+d.name, "kind", `"Deployment"`)
		runs(c, d.name, d.node, longAgo)
	}
}

// longAgo is when daemons first ran.
var longAgo = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// runs makes the pod of one of Ceph's Deployments, which is ready since a time.
func runs(c *apitest.Client, name, node string, since time.Time) {
	labels := c.Field("apps/v1", "Deployment", "rook-ceph/rook-ceph-"+name, "spec.selector.matchLabels")
	c.Applyf(daemonPod, name, labels, node, since.UTC().Format(time.RFC3339))
}

// A disk dies in a node that goes on; its owner puts another one in its place.
func TestRook_AnOSDWhoseDiskIsGoneStaysUntilItIsPurged(t *testing.T) {
	var fresh, dead atomic.Bool
	c := play(t, func(o *addons.Options) {
		o.Hosts = machines.With(func(node string) []rook.Disk {
			all := disks(node)
			if node == "c" && fresh.Load() {
				all[1].Links = []string{"/dev/disk/by-id/nvme-Disk_FRESH"}
			} else if node == "c" {
				all[1].Dead = dead.Load()
			}
			return all
		})
	})
	runsCeph(t, c)
	at := func(path, want string) {
		t.Helper()
		c.Eventually(cephAPI, "CephCluster", "rook-ceph/rook-ceph", path, want)
	}
	at("status.ceph.health", `"HEALTH_OK"`)
	c.Eventually(cephAPI, "CephBlockPool", "rook-ceph/three", "status.phase", `"Ready"`)

	dead.Store(true)
	at("status.ceph.details.OSD_DOWN.message", `"1 osds down"`)
	at("status.phase", `"Ready"`)
	c.Eventually("v1", "Pod", "rook-ceph/osd-2", "status.conditions.[type=Ready].status", `"False"`)
	command := func(words ...string) string {
		t.Helper()
		answer, err := rook.Command(t.Context(), kubernetes.NewForConfigOrDie(server.Config), "rook-ceph", words...)
		if err != nil {
			return err.Error()
		}
		return answer
	}
	if got := command("osd", "safe-to-destroy", "2"); !strings.Contains(got, "EAGAIN") {
		t.Error(got)
	}
	// Out, it is missed no more; its data have no place on two hosts.
	if got := command("osd", "out", "2"); got != "marked out osd.2." {
		t.Error(got)
	}
	at("status.ceph.details.OSD_DOWN", "-")
	at("status.ceph.details.PG_DEGRADED.severity", `"HEALTH_WARN"`)

	// The new disk gets an OSD of its own, and Rook is not done before the data are whole.
	fresh.Store(true)
	c.Applyf(ceph, "FRESH")
	at("status.message", `"Configuring the Ceph cluster: waiting for osd.3"`)
	c.Eventually("apps/v1", "Deployment", "rook-ceph/rook-ceph-osd-3", "spec.template.spec.nodeSelector", `{"kubernetes.io/hostname":"c"}`)
	t.Cleanup(func() { c.Delete("apps/v1", "Deployment", "rook-ceph/rook-ceph-osd-3") })
	c.Eventually(cephAPI, "CephBlockPool", "rook-ceph/three", "status.phase", `"Ready"`)
	runs(c, "osd-3", "c", time.Now())
	at("status.message", `"Configuring the Ceph cluster: PGs are not healthy to update OSDs, will try updating it again later"`)
	at("status.ceph.health", `"HEALTH_OK"`)
	at("status.phase", `"Ready"`)
	if got := command("osd", "tree"); !strings.Contains(got, "c osd.2 down 0\nc osd.3 up") {
		t.Error(got)
	}
	c.Eventually("apps/v1", "Deployment", "rook-ceph/rook-ceph-osd-2", "kind", `"Deployment"`)
	if got := command("osd", "safe-to-destroy", "2"); !strings.Contains(got, "are safe to destroy") {
		t.Error(got)
	}
	if got := command("osd", "purge", "2", "--yes-i-really-mean-it"); got != "purged osd.2" {
		t.Error(got)
	}
	c.Delete("apps/v1", "Deployment", "rook-ceph/rook-ceph-osd-2")
	c.Never("apps/v1", "Deployment", "rook-ceph/rook-ceph-osd-2", "kind", `"Deployment"`)
	at("status.storage.osd.storeType.bluestore", "3")
}

// The disks say of which Ceph they are, and the monitors know it alone: another Ceph does not take them, and this one is gone when
// most monitors have lost what they kept.
func TestRook_LivesInItsMonitorsStoresAndOnItsDisks(t *testing.T) {
	dir := t.TempDir()
	hosts := hosttest.New(dir, disks)
	if server == nil {
		t.Skip("needs an API server")
	}
	// Other tests have had a Ceph of their own.
	noCeph(server.Client(t))
	c := play(t, func(o *addons.Options) { o.Hosts = hosts })
	runsCeph(t, c)
	at := func(path, want string) {
		t.Helper()
		c.Eventually(cephAPI, "CephCluster", "rook-ceph/rook-ceph", path, want)
	}
	says := func(want string) {
		t.Helper()
		got := ""
		for begun := time.Now(); time.Since(begun) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
			if got = c.Field(cephAPI, "CephCluster", "rook-ceph/rook-ceph", "status.message"); strings.Contains(got, want) {
				return
			}
		}
		t.Fatalf("Rook says %s, not %s", got, want)
	}
	lose := func(mons ...string) {
		t.Helper()
		for _, mon := range mons {
			// In one go: Rook may be writing there.
			if err := os.Rename(filepath.Join(dir, mon, "var/lib/rook/mon-"+mon), filepath.Join(t.TempDir(), "lost")); err != nil {
				t.Fatal(err)
			}
		}
	}
	at("status.ceph.health", `"HEALTH_OK"`)

	// One has the others' store again.
	lose("a")
	store := filepath.Join(dir, "a", "var/lib/rook/mon-a/data/fsid")
	for begun := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(store); err == nil {
			break
		} else if time.Since(begun) > 20*time.Second {
			t.Fatal(err)
		}
	}
	at("status.phase", `"Ready"`)

	// Two of three have nobody to ask. No pod of theirs is to blame.
	lose("a", "b")
	at("status.message", `"failed to get the monitors' quorum: mon.a has lost its store, and too few others have theirs; mon.b has lost its store, and too few others have theirs"`)
	at("status.ceph.health", `"HEALTH_ERR"`)

	// Another cluster, on what is left of this one.
	noCeph(c)
	c.Applyf(ceph, "DATA-c")
	says("osd.1 belonging to a different ceph cluster")
	for _, node := range []string{"a", "b", "c"} {
		if err := hosts.Write(node, "/dev/nvme1n1", ""); err != nil {
			t.Fatal(err)
		}
	}
	says("failed to start ceph monitors: mon.c on node c has a store of another ceph cluster")
	lose("c")
	at("status.phase", `"Ready"`)
	at("status.ceph.health", `"HEALTH_OK"`)
}

// noCeph takes away what the cluster knows of a Ceph. A pass that has begun with it ends with it.
func noCeph(c *apitest.Client) {
	c.Define(definitions + "/rook")
	c.Delete(cephAPI, "CephCluster", "rook-ceph/rook-ceph")
	time.Sleep(3 * time.Second)
	c.Delete("v1", "Secret", "rook-ceph/rook-ceph-mon")
	c.Delete("v1", "ConfigMap", "rook-ceph/rack-ceph-osd-map")
}

// runsCeph has three nodes with a disk each, and Ceph on them.
func runsCeph(t *testing.T, c *apitest.Client) {
	t.Helper()
	c.Define(definitions + "/rook")
	for _, node := range []string{"a", "b", "c"} {
		c.Applyf("{apiVersion: v1, kind: Node, metadata: {name: %[1]s, labels: {kubernetes.io/hostname: %[1]s}}}", node)
		t.Cleanup(func() { c.Delete("v1", "Node", node) })
	}
	c.Operator("rook-ceph", "rook-ceph-operator")
	c.Applyf(ceph, "DATA-c")
	allRun(c)
}

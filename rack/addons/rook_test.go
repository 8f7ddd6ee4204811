package addons_test

import (
	"fmt"
	"strings"
	"testing"
)

const cephAPI = "ceph.rook.io/v1"

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
	for _, name := range []string{"mon-a", "mon-b", "mon-c", "mgr-a", "osd-0", "osd-1", "osd-2", "mds-fs-a", "mds-fs-b"} {
		key := "rook-ceph/rook-ceph-" + name
		c.Eventually("apps/v1", "Deployment", key, "kind", `"Deployment"`)
		available(c, key, 1)
	}
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
	c.Apply(claim)
	uid := strings.Trim(c.Field("v1", "PersistentVolumeClaim", "apps/on-three", "metadata.uid"), `"`)
	c.Eventually("v1", "PersistentVolume", "pvc-"+uid, "spec.claimRef.name", `"on-three"`)
	c.Eventually("v1", "PersistentVolume", "pvc-"+uid, "spec.csi.driver", `"rook-ceph.rbd.csi.ceph.com"`)

	available(c, "rook-ceph/rook-ceph-osd-1", 0)
	c.Eventually(cephAPI, "CephCluster", "rook-ceph/rook-ceph", "status.ceph.details.OSD_DOWN.message", `"down: osd.1"`)
	c.Eventually(cephAPI, "CephCluster", "rook-ceph/rook-ceph", "status.phase", `"Ready"`)
}

// available says how many of a Deployment's pods work, as the controller of Deployments would.
func available(c interface{ PatchStatus(_, _, _, _ string) }, key string, count int) {
	c.PatchStatus("apps/v1", "Deployment", key, fmt.Sprintf(`{"status": {"replicas": 1, "readyReplicas": %[1]d, "availableReplicas": %[1]d}}`, count))
}

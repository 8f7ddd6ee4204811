package addons_test

import (
	"fmt"
	"strings"
	"testing"
)

const snapshotAPI = "snapshot.storage.k8s.io/v1"

func TestCSI_MakesVolumesOnceThePoolIsReadyAndSnapshotsOfThem(t *testing.T) {
	c := play(t)
	c.Define(definitions + "/rook")
	c.Define(definitions + "/snapshot")
	c.Namespace("apps")
	c.Operator("rook-ceph", "rook-ceph-operator")
	c.Operator("kube-system", "snapshot-controller")
	c.Apply(volumes)
	c.Apply(pool)
	volume := "pvc-" + strings.Trim(c.Field("v1", "PersistentVolumeClaim", "apps/data", "metadata.uid"), `"`)
	c.Eventually(cephAPI, "CephBlockPool", "rook-ceph/volumes", "status.phase", `"Progressing"`)
	c.Never("v1", "PersistentVolume", volume, "kind", `"PersistentVolume"`)

	// The stand-in of Rook leaves the pool as it is while its operator does not run.
	c.Delete("v1", "Pod", "rook-ceph/rook-ceph-operator-1")
	c.Eventually("v1", "Pod", "rook-ceph/rook-ceph-operator-1", "kind", "-")
	c.PatchStatus(cephAPI, "CephBlockPool", "rook-ceph/volumes", `{"status": {"phase": "Ready"}}`)
	c.Never("v1", "PersistentVolume", volume, "kind", `"PersistentVolume"`)
}

func TestCSI_TakesSnapshotsOfBoundClaims(t *testing.T) {
	c := play(t)
	c.Define(definitions + "/snapshot")
	c.Namespace("apps")
	c.Operator("kube-system", "snapshot-controller")
	c.Apply(volumes)
	c.Apply(snapshots)
	c.Eventually(snapshotAPI, "VolumeSnapshot", "apps/good", "status.error.message",
		`"Failed to create snapshot content with error the PVC data is not yet bound to a PV, will not attempt to take a snapshot"`)
	c.Apply(bound)
	c.Eventually(snapshotAPI, "VolumeSnapshot", "apps/good", "status.readyToUse", "true")
	c.Eventually(snapshotAPI, "VolumeSnapshot", "apps/good", "status.error", "-")
	c.Eventually(snapshotAPI, "VolumeSnapshot", "apps/good", "status.restoreSize", `"1Gi"`)
	content := "snapcontent-" + strings.Trim(c.Field(snapshotAPI, "VolumeSnapshot", "apps/good", "metadata.uid"), `"`)
	c.Eventually(snapshotAPI, "VolumeSnapshotContent", content, "status.readyToUse", "true")
	c.Eventually(snapshotAPI, "VolumeSnapshot", "apps/bad", "status.error.message", fmt.Sprintf("%q",
		`Failed to create snapshot content with error failed to get input parameters to create snapshot bad: `+
			`volumesnapshotclass.snapshot.storage.k8s.io "none" not found`))
}

func TestCSI_KeepsAVolumeThatIsStillAtANode(t *testing.T) {
	c := play(t)
	c.Operator("longhorn-system", "longhorn-driver-deployer")
	c.Apply(released)
	c.Eventually("storage.k8s.io/v1", "VolumeAttachment", "released", "status.attached", "true")
	c.PatchStatus("v1", "PersistentVolume", "released", `{"status": {"phase": "Released"}}`)
	const deleted = "metadata.deletionGracePeriodSeconds"
	c.Never("v1", "PersistentVolume", "released", deleted, "0")
	c.Delete("storage.k8s.io/v1", "VolumeAttachment", "released")
	c.Eventually("v1", "PersistentVolume", "released", deleted, "0")
}

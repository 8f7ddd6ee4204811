package addons_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const (
	zfsAPI = "zfs.openebs.io/v1"
	// makerPod makes a pool on node a, on the given disk, with the tree's own script.
	makerPod = `apiVersion: v1
kind: Pod
metadata: {name: %[1]s, namespace: openebs, labels: {app.kubernetes.io/name: zfs-pools}}
spec:
  nodeName: a
  initContainers:
    - name: make
      image: busybox
      command: [/bin/sh, /scripts/make-pools.sh]
      env:
        - {name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
        - {name: ZFS_POOLS, value: "a tank 12 stripe %[2]s"}
      securityContext: {privileged: %[3]t}
      volumeMounts: [{name: host, mountPath: /host}, {name: scripts, mountPath: /scripts}]
  containers: [{name: made, image: pause}]
  volumes:
    - {name: host, hostPath: {path: /}}
    - {name: scripts, configMap: {name: zfs-pools}}
status:
  phase: Pending
  conditions: [{type: PodReadyToStartContainers, status: "True", lastTransitionTime: "2026-01-01T00:00:00Z"}]
`
)

func TestZFS_GivesVolumesOnlyWhereThePodsHaveMadeThePool(t *testing.T) {
	c := play(t)
	c.Define(definitions + "/zfs-localpv")
	c.Namespace("apps")
	c.Namespace("openebs")
	c.Operator("openebs", "zfs-localpv-controller")
	script, err := os.ReadFile("../../kubernetes/apps/openebs/zfs-localpv/pools/make-pools.sh")
	if err != nil {
		t.Fatal(err)
	}
	c.Apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: zfs-pools, namespace: openebs}\ndata:\n  make-pools.sh: |\n    " +
		strings.ReplaceAll(string(script), "\n", "\n    "))
	c.Apply(zfsClaim)
	volume := "pvc-" + strings.Trim(c.Field("v1", "PersistentVolumeClaim", "apps/on-zfs", "metadata.uid"), `"`)
	c.Eventually(zfsAPI, "ZFSNode", "openebs/a", "pools", "[]")
	c.Never("v1", "PersistentVolume", volume, "kind", `"PersistentVolume"`)
	c.Never("storage.k8s.io/v1", "CSIStorageCapacity", "openebs/csisc-zfs-tank-a", "kind", `"CSIStorageCapacity"`)

	// A pod whose script refuses stays as it is, and says so.
	const started = "metadata.annotations.rack~home-ops/init-containers-ran"
	for pod, test := range map[string]struct {
		disk       string
		privileged bool
		want       string
	}{
		"full": {"/dev/nvme0n1", true, "container make: exit status 1: a, pool tank: /dev/nvme0n1 holds something, and is left as it is; " +
			"if nobody needs that: talosctl -n a wipe disk nvme0n1"},
		"unprivileged": {"/dev/nvme1n1", false, "container make: it is not privileged, and /dev/zfs wants that"},
	} {
		c.Applyf(makerPod, pod, test.disk, test.privileged)
		c.Eventually("v1", "Pod", "openebs/"+pod, "status.initContainerStatuses.[name=make].state.waiting.message", fmt.Sprintf("%q", test.want))
		c.Never("v1", "Pod", "openebs/"+pod, started, `"2026-01-01T00:00:00Z"`)
	}

	c.Applyf(makerPod, "good", "/dev/disk/by-id/nvme-Disk_DATA-a", true)
	c.Eventually("v1", "Pod", "openebs/good", started, `"2026-01-01T00:00:00Z"`)
	c.Eventually(zfsAPI, "ZFSNode", "openebs/a", "pools.[name=tank].name", `"tank"`)
	c.Eventually("storage.k8s.io/v1", "CSIStorageCapacity", "openebs/csisc-zfs-tank-a", "storageClassName", `"zfs-tank"`)
	c.Eventually("v1", "PersistentVolume", volume, "kind", `"PersistentVolume"`)

	// A machine with a blank disk takes the node's place, and starts the pods that it finds.
	if err := machines.Write("a", "/dev/nvme1n1", ""); err != nil {
		t.Fatal(err)
	}
	c.PatchStatus("v1", "Pod", "openebs/good",
		`{"status": {"conditions": [{"type": "PodReadyToStartContainers", "status": "True", "lastTransitionTime": "2026-01-02T00:00:00Z"}]}}`)
	c.Eventually("v1", "Pod", "openebs/good", started, `"2026-01-02T00:00:00Z"`)
	if got := machines.Disks("a")[1].Content; !strings.HasPrefix(got, "ZFS pool tank\n") {
		t.Errorf("the new disk holds %q", got)
	}
}

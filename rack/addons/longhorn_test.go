package addons_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/home-ops/home-ops/rack/addons"
)

const longhornAPI = "longhorn.io/v1beta2"

func TestLonghorn_AVolumeIsDegradedWhileANodeIsAwayAndUntilItsReplicaIsRebuilt(t *testing.T) {
	var off, noExec atomic.Value
	off.Store("")
	noExec.Store("")
	c := play(t, func(o *addons.Options) {
		o.Down = func(node string) bool { return node == off.Load() }
		o.Engines = func(node string) error {
			if node == noExec.Load() {
				return errors.New("fork/exec: permission denied")
			}
			return nil
		}
	})
	c.Define(definitions + "/longhorn")
	for _, node := range []string{"a", "b", "c"} {
		c.Applyf(longhornNode, node, "first-boot")
		t.Cleanup(func() { c.Delete("v1", "Node", node) })
	}
	c.Namespace("apps")
	c.Operator("longhorn-system", "longhorn-driver-deployer")
	c.Apply(longhornClaim)
	name := "pvc-" + strings.Trim(c.Field("v1", "PersistentVolumeClaim", "apps/on-longhorn", "metadata.uid"), `"`)
	t.Cleanup(func() { c.Delete("v1", "PersistentVolume", name) })
	volume := func(path, want string) {
		t.Helper()
		c.Eventually(longhornAPI, "Volume", "longhorn-system/"+name, path, want)
	}
	replica := func(node, path, want string) {
		t.Helper()
		c.Eventually(longhornAPI, "Replica", "longhorn-system/"+name+"-r-"+node, path, want)
	}
	volume("spec.numberOfReplicas", "2")
	volume("status.state", `"detached"`)
	volume("status.robustness", `"unknown"`)
	volume("status.kubernetesStatus.pvcName", `"on-longhorn"`)
	replica("a", "spec.nodeID", `"a"`)
	replica("b", "status.currentState", `"stopped"`)

	c.Apply(longhornPod)
	t.Cleanup(func() { c.Delete("v1", "Pod", "apps/writer") })
	volume("status.currentNodeID", `"c"`)
	volume("status.robustness", `"healthy"`)

	off.Store("b")
	volume("status.robustness", `"degraded"`)
	replica("b", "status.currentState", `"stopped"`)
	c.Eventually(longhornAPI, "Node", "longhorn-system/b", "status.conditions.[type=Ready].reason", `"KubernetesNodeNotReady"`)
	c.Applyf(longhornNode, "b", "second-boot")
	off.Store("")
	replica("b", "status.currentState", `"running"`)
	volume("status.robustness", `"degraded"`)
	volume("status.robustness", `"healthy"`)
	replica("b", "spec.failedAt", `""`)

	// Both replicas are lost.
	c.PatchStatus("v1", "Node", "a", `{"status": {"conditions": [{"type": "Ready", "status": "False"}]}}`)
	off.Store("b")
	volume("status.robustness", `"faulted"`)

	// The nodes are there again, and one of them runs no engines.
	c.PatchStatus("v1", "Node", "a", `{"status": {"conditions": [{"type": "Ready", "status": "True"}]}}`)
	off.Store("")
	volume("status.robustness", `"healthy"`)
	noExec.Store("b")
	volume("status.robustness", `"degraded"`)
	c.Eventually(longhornAPI, "Node", "longhorn-system/b", "status.conditions.[type=Ready].status", `"True"`)
	noExec.Store("")

	// A volume without a persistent one goes.
	c.Applyf("{apiVersion: %s, kind: Volume, metadata: {name: left, namespace: longhorn-system}, spec: {size: \"1\"}}", longhornAPI)
	c.Eventually(longhornAPI, "Volume", "longhorn-system/left", "kind", "-")
}

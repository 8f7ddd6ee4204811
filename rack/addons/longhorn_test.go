package addons_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/home-ops/home-ops/rack/addons"
	"github.com/home-ops/home-ops/rack/addons/longhorn"
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

// The disk of a node is exchanged; Longhorn takes the new one when its owner has taken the old one away.
func TestLonghorn_ADiskThatWasExchangedIsTakenWhenTheFormerOneIsGone(t *testing.T) {
	var state atomic.Value
	state.Store("first")
	c := play(t, func(o *addons.Options) {
		o.Mounts = func(node string) []longhorn.Mount {
			m := longhorn.Mount{Path: "/var/mnt/longhorn", Filesystem: "of " + node}
			switch is := state.Load().(string); {
			case node == "b" && is == "dead":
				m.Err = errors.New("input/output error")
			case node == "b":
				m.Filesystem = is
			}
			return []longhorn.Mount{m}
		}
	})
	c.Define(definitions + "/longhorn")
	for _, node := range []string{"a", "b", "c"} {
		// Those of other tests have other disks.
		c.Delete(longhornAPI, "Node", "longhorn-system/"+node)
		c.Applyf(longhornNode, node, "one-boot")
		t.Cleanup(func() { c.Delete("v1", "Node", node) })
	}
	c.Namespace("apps")
	c.Operator("longhorn-system", "longhorn-driver-deployer")
	disk := func() (name, uuid string) {
		t.Helper()
		text := c.Field(longhornAPI, "Node", "longhorn-system/b", "status.diskStatus")
		var disks map[string]struct {
			UUID string `json:"diskUUID"`
		}
		if err := json.Unmarshal([]byte(text), &disks); err != nil || len(disks) != 1 {
			t.Fatalf("%s: %v", text, err)
		}
		for name := range disks {
			return name, disks[name].UUID
		}
		return "", ""
	}
	c.Eventually(longhornAPI, "Node", "longhorn-system/b", "status.conditions.[type=Ready].status", `"True"`)
	first, uuid := disk()
	says := func(name, want string) {
		t.Helper()
		c.Eventually(longhornAPI, "Node", "longhorn-system/b", "status.diskStatus."+name+".conditions.[type=Ready].reason", want)
	}
	says(first, `""`)
	state.Store("dead")
	says(first, `"NoDiskInfo"`)
	state.Store("second")
	says(first, `"DiskFilesystemChanged"`)
	patchWith := func(text string, options metav1.PatchOptions) error {
		client := dynamic.NewForConfigOrDie(server.Config).Resource(longhorn.Nodes).Namespace("longhorn-system")
		_, err := client.Patch(t.Context(), "b", types.MergePatchType, []byte(text), options)
		return err
	}
	patch := func(text string) error { return patchWith(text, metav1.PatchOptions{}) }
	// Until the API server has taken a policy up, it asks nobody.
	await := func(what func() bool) bool {
		end := time.Now().Add(time.Minute)
		for !what() {
			if time.Now().After(end) {
				return false
			}
			time.Sleep(100 * time.Millisecond)
		}
		return true
	}
	remove := `{"spec":{"disks":{"` + first + `":null}}}`
	if !await(func() bool {
		err := patchWith(remove, metav1.PatchOptions{DryRun: []string{metav1.DryRunAll}})
		return err != nil && strings.Contains(err.Error(), "Please disable the disk and remove all replicas")
	}) {
		t.Error("it is let go")
	}
	if err := patch(`{"spec":{"disks":{"` + first + `":{"allowScheduling":false}}}}`); err != nil {
		t.Fatal(err)
	}
	// Volumes of other tests may have replicas there.
	replicas := dynamic.NewForConfigOrDie(server.Config).Resource(longhorn.Replicas).Namespace("longhorn-system")
	if err := replicas.DeleteCollection(t.Context(), metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "longhorndiskuuid=" + uuid}); err != nil {
		t.Fatal(err)
	}
	var err error
	if !await(func() bool { err = patch(remove); return err == nil }) {
		t.Fatal(err)
	}
	c.Eventually(longhornAPI, "Node", "longhorn-system/b", "status.diskStatus."+first, "-")
	if now, other := disk(); now == first || other == uuid {
		t.Errorf("%s %s is still there", now, other)
	} else {
		says(now, `""`)
	}
}

// Most of a class cannot be changed, so another text makes another one, and nobody else's stays.
func TestLonghorn_MakesItsClassOfTheChartsConfigMap(t *testing.T) {
	c := play(t)
	c.Define(definitions + "/longhorn")
	c.Operator("longhorn-system", "longhorn-driver-deployer")
	t.Cleanup(func() { c.Delete("storage.k8s.io/v1", "StorageClass", "longhorn") })
	text := func(replicas string) string {
		return `{"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "longhorn"}, "provisioner": "driver.longhorn.io", "parameters": {"numberOfReplicas": "` + replicas + `"}}`
	}
	for _, replicas := range []string{"3", "2"} {
		c.Applyf("{apiVersion: v1, kind: ConfigMap, metadata: {name: longhorn-storageclass, namespace: longhorn-system}, data: {storageclass.yaml: %q}}", text(replicas))
		c.Eventually("storage.k8s.io/v1", "StorageClass", "longhorn", "parameters.numberOfReplicas", `"`+replicas+`"`)
	}
	uid := c.Field("storage.k8s.io/v1", "StorageClass", "longhorn", "metadata.uid")
	c.Delete("storage.k8s.io/v1", "StorageClass", "longhorn")
	c.Eventually("storage.k8s.io/v1", "StorageClass", "longhorn", "parameters.numberOfReplicas", `"2"`)
	if again := c.Field("storage.k8s.io/v1", "StorageClass", "longhorn", "metadata.uid"); again == uid {
		t.Error("it was not deleted")
	}
}

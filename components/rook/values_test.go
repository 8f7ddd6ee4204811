package rook_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	storagev1 "k8s.io/api/storage/v1"

	"github.com/home-ops/home-ops/spec"
)

// operatorValues are what the plan gives the operator's chart.
func operatorValues(t *testing.T, stack *spec.Stack) map[string]any {
	t.Helper()
	values, err := stepCalled(t, planned(t, stack), "operator").Release.PlainValues()
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestPlan_GivesTheOperatorWhatTheStackDecides(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*spec.Stack)
		want   map[string]string
	}{
		"block and file storage": {func(*spec.Stack) {}, map[string]string{
			"csi.enableRbdDriver": "true", "csi.enableRBDSnapshotter": "true",
			"csi.enableCephfsDriver": "true", "csi.enableCephfsSnapshotter": "true",
		}},
		"no driver without its storage": {func(s *spec.Stack) {
			s.Storage.RookCeph.Filesystem.Enabled = false
		}, map[string]string{
			"csi.enableRbdDriver": "true", "csi.enableCephfsDriver": "false", "csi.enableCephfsSnapshotter": "false",
		}},
		"volumes on a node that keeps pods away": {func(*spec.Stack) {}, map[string]string{
			"csi.pluginTolerations": "[map[effect:NoSchedule key:storage operator:Equal value:only]]",
		}},
		"no volumes on control planes without workloads": {func(s *spec.Stack) {
			s.Cluster.AllowSchedulingOnControlPlanes = false
		}, map[string]string{"csi.pluginTolerations": "<none>"}},
		"one node, one provisioner": {func(s *spec.Stack) {
			s.Nodes, s.Storage.RookCeph.Nodes = s.Nodes[:1], s.Storage.RookCeph.Nodes[:1]
		}, map[string]string{"csi.provisionerReplicas": "1"}},
		"more nodes, two provisioners": {func(*spec.Stack) {}, map[string]string{"csi.provisionerReplicas": "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			stack := everything(t)
			stack.Versions.RookCeph = "v1.19.8"
			test.change(stack)
			values := operatorValues(t, stack)
			for path, want := range test.want {
				if got := at(values, path); got != want {
					t.Errorf("%s is %s, want %s", path, got, want)
				}
			}
		})
	}
}

// driverValues are what the plan gives the chart of the CSI drivers.
func driverValues(t *testing.T, stack *spec.Stack) map[string]any {
	t.Helper()
	values, err := stepCalled(t, planned(t, stack), "csi-drivers").Release.PlainValues()
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestPlan_GivesTheDriversWhatTheStackDecides(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*spec.Stack)
		want   map[string]string
	}{
		"block and file storage": {func(*spec.Stack) {}, map[string]string{
			"drivers.rbd.enabled": "true", "drivers.cephfs.enabled": "true",
			"drivers.rbd.snapshotPolicy": "volumeSnapshot", "drivers.cephfs.snapshotPolicy": "volumeSnapshot",
			"drivers.nfs.enabled": "false", "drivers.nvmeof.enabled": "false",
		}},
		"no driver without its storage": {func(s *spec.Stack) {
			s.Storage.RookCeph.Filesystem.Enabled = false
		}, map[string]string{"drivers.rbd.enabled": "true", "drivers.cephfs.enabled": "false"}},
		"volumes on a node that keeps pods away": {func(*spec.Stack) {}, map[string]string{
			"drivers.rbd.nodePlugin.tolerations":    "[map[effect:NoSchedule key:storage operator:Equal value:only]]",
			"drivers.cephfs.nodePlugin.tolerations": "[map[effect:NoSchedule key:storage operator:Equal value:only]]",
		}},
		"no volumes on control planes without workloads": {func(s *spec.Stack) {
			s.Cluster.AllowSchedulingOnControlPlanes = false
		}, map[string]string{"drivers.rbd.nodePlugin.tolerations": "<none>"}},
		"one node, one provisioner": {func(s *spec.Stack) {
			s.Nodes, s.Storage.RookCeph.Nodes = s.Nodes[:1], s.Storage.RookCeph.Nodes[:1]
		}, map[string]string{"drivers.rbd.controllerPlugin.replicas": "1", "drivers.cephfs.controllerPlugin.replicas": "1"}},
		"more nodes, two provisioners": {func(*spec.Stack) {}, map[string]string{"drivers.rbd.controllerPlugin.replicas": "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			stack := everything(t)
			test.change(stack)
			values := driverValues(t, stack)
			for path, want := range test.want {
				if got := at(values, path); got != want {
					t.Errorf("%s is %s, want %s", path, got, want)
				}
			}
			if got := at(operatorValues(t, stack), "csi"); got != "<none>" {
				t.Errorf("the operator has values for drivers: %s", got)
			}
		})
	}
}

// A class whose provisioner is called otherwise than a driver would give no volume.
func TestPlan_NamesTheDriversAsTheClassesDo(t *testing.T) {
	stack := everything(t)
	values, steps := driverValues(t, stack), planned(t, stack)
	for step, driver := range map[string]string{"class-block": "rbd", "class-filesystem": "cephfs"} {
		class := object[*storagev1.StorageClass](t, steps, step)
		if got := at(values, "drivers."+driver+".name"); got != class.Provisioner {
			t.Errorf("the driver %s is called %s, and the class asks for %s", driver, got, class.Provisioner)
		}
	}
}

func TestPlan_LeavesTheDriversToRookBeforeItsOwnChart(t *testing.T) {
	for version, want := range map[spec.Version]bool{"v1.16.3": false, "v1.19.8": false, "v1.20.0": true, "v1.20.3": true} {
		stack := everything(t)
		stack.Versions.RookCeph = version
		steps := planned(t, stack)
		if got := slices.Contains(steps.Names(), "csi-drivers"); got != want {
			t.Errorf("with Rook %s the drivers are a step: %t", version, got)
		}
	}
}

func TestPlan_KeepsRooksKindsAndFindsTheKubelet(t *testing.T) {
	for _, stack := range withCeph(t) {
		stack.Versions.RookCeph = "v1.19.8"
		values := operatorValues(t, stack)
		for path, want := range map[string]string{
			"crds.enabled": "true", "csi.kubeletDirPath": "/var/lib/kubelet",
			"enableDiscoveryDaemon": "false", "monitoring.enabled": "false",
		} {
			if got := at(values, path); got != want {
				t.Errorf("%s: %s is %s, want %s", stack.Name, path, got, want)
			}
		}
	}
}

// at is the value at a dotted path.
func at(values map[string]any, path string) string {
	var value any = values
	for _, key := range strings.Split(path, ".") {
		inner, _ := value.(map[string]any)
		next, has := inner[key]
		if !has {
			return "<none>"
		}
		value = next
	}
	return fmt.Sprint(value)
}

// The driver of block volumes serves further pools too.
func TestPlan_HasTheBlockDriverForAFurtherPoolAlone(t *testing.T) {
	stack := pools(t)
	stack.Storage.RookCeph.Block.Enabled = false
	for _, step := range planned(t, stack) {
		if step.Name == "csi-drivers" {
			if got := at(step.Release.Values, "drivers.rbd.enabled"); got != "true" {
				t.Errorf("the driver is %s", got)
			}
			return
		}
	}
	t.Error("there are no drivers")
}

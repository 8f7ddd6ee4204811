package rook_test

import (
	"fmt"
	"strings"
	"testing"

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

func TestPlan_KeepsRooksKindsAndFindsTheKubelet(t *testing.T) {
	for _, stack := range withCeph(t) {
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
		if step.Release != nil {
			if got := at(step.Release.Values, "csi.enableRbdDriver"); got != "true" {
				t.Errorf("the driver is %s", got)
			}
		}
	}
}

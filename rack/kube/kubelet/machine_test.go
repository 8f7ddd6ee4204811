package kubelet

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/meta"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/rack/kube/internal/configtest"
)

// testMachine is a machine of a cluster with fresh secrets.
func testMachine(t *testing.T, role machine.Type, patches ...func(*v1alpha1.Config)) Machine {
	t.Helper()
	return Machine{
		Hostname: "node-1",
		Addresses: []netip.Addr{
			netip.MustParseAddr("192.168.7.4"), netip.MustParseAddr("10.0.50.11"), netip.MustParseAddr("fd00:50::11"),
		},
		Dir: t.TempDir(), Config: configtest.New(t, "https://10.0.50.10:6443").Config(t, role, patches...),
		TalosVersion: "v1.11.1", Arch: "amd64", BootID: "0d7f2a3c", Capacity: DefaultCapacity(),
		Extensions: map[string]string{"iscsi-tools": "v0.2.0", "schematic": fmt.Sprintf("%064d", 7)},
	}
}

func subnets(cidrs ...string) func(*v1alpha1.Config) {
	return func(c *v1alpha1.Config) {
		c.MachineConfig.MachineKubelet.KubeletNodeIP = &v1alpha1.KubeletNodeIPConfig{KubeletNodeIPValidSubnets: cidrs}
	}
}

func TestObject_OfAControlPlaneBeforeItsCNI(t *testing.T) {
	m := testMachine(t, machine.TypeControlPlane, configtest.DualStack, subnets("10.0.50.0/24", "fd00:50::/64"))
	node := m.Object()
	if err := m.applyTalos(node); err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(node)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "control-plane.yaml", text)
}

func TestObject_OfAReadyWorker(t *testing.T) {
	m := testMachine(t, machine.TypeWorker, subnets("10.0.50.0/24"), func(c *v1alpha1.Config) {
		c.MachineConfig.MachineNodeLabels = map[string]string{"topology.kubernetes.io/zone": "rack"}
		c.MachineConfig.MachineNodeTaints = map[string]string{"storage": "ceph:NoSchedule", "slow": "PreferNoSchedule"}
	})
	node := m.Object()
	if err := m.applyTalos(node); err != nil {
		t.Fatal(err)
	}
	node.Status = m.Status(true)
	text, err := yaml.Marshal(node)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "worker.yaml", text)
}

func TestNodeName_FollowsTheHostname(t *testing.T) {
	for host, want := range map[string]string{
		"node-1": "node-1", "Node_1.home.example": "node-1", "-weird!-": "weird",
	} {
		m := testMachine(t, machine.TypeWorker)
		m.Hostname = host
		if got := m.NodeName(); got != want {
			t.Errorf("%s: name = %s, want %s", host, got, want)
		}
	}
}

func TestNodeIPs_AreTheFirstOfEachFamilyInTheRightSubnets(t *testing.T) {
	for _, each := range []struct {
		name    string
		patches []func(*v1alpha1.Config)
		want    string
	}{
		{"pods of one family", nil, "[192.168.7.4]"},
		{"pods of two families", []func(*v1alpha1.Config){configtest.DualStack}, "[192.168.7.4 fd00:50::11]"},
		{
			"a subnet picks another link",
			[]func(*v1alpha1.Config){configtest.DualStack, subnets("10.0.50.0/24", "fd00:50::/64")},
			"[10.0.50.11 fd00:50::11]",
		},
		{"a subnet that is excluded", []func(*v1alpha1.Config){subnets("0.0.0.0/0", "!192.168.0.0/16")}, "[10.0.50.11]"},
		{"a subnet that nobody is in", []func(*v1alpha1.Config){subnets("10.9.0.0/16")}, "[]"},
	} {
		t.Run(each.name, func(t *testing.T) {
			if got := fmt.Sprint(testMachine(t, machine.TypeWorker, each.patches...).NodeIPs()); got != each.want {
				t.Errorf("node IPs = %s, want %s", got, each.want)
			}
		})
	}
}

func TestTaints_OfAControlPlaneThatMayRunWorkloads(t *testing.T) {
	yes := true
	m := testMachine(t, machine.TypeControlPlane, func(c *v1alpha1.Config) { c.ClusterConfig.AllowSchedulingOnControlPlanes = &yes })
	if taints := m.Taints(); len(taints) > 0 {
		t.Errorf("taints = %v", taints)
	}
	if taints := m.Object().Spec.Taints; len(taints) > 0 {
		t.Errorf("registers with taints %v", taints)
	}
}

// A worker's kubelet is not let to taint its node once it has registered.
func TestObject_RegistersWithTheTaintsOfTheKubeletsConfiguration(t *testing.T) {
	m := testMachine(t, machine.TypeWorker, func(c *v1alpha1.Config) {
		c.MachineConfig.MachineKubelet.KubeletExtraConfig = meta.Unstructured{Object: map[string]any{"registerWithTaints": []any{
			map[string]any{"key": "disk", "value": "slow", "effect": "PreferNoSchedule"}, map[string]any{"key": "edge", "effect": "NoSchedule"},
		}}}
	})
	want := []corev1.Taint{{Key: "disk", Value: "slow", Effect: corev1.TaintEffectPreferNoSchedule}, {Key: "edge", Effect: corev1.TaintEffectNoSchedule}}
	if got := m.Object().Spec.Taints; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestApplyTalos_TakesBackItsOwnAndLeavesWhatOthersSet(t *testing.T) {
	labelled := func(labels, taints map[string]string) Machine {
		return testMachine(t, machine.TypeWorker, func(c *v1alpha1.Config) {
			c.MachineConfig.MachineNodeLabels, c.MachineConfig.MachineNodeTaints = labels, taints
		})
	}
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"zone": "theirs"}},
		Spec:       corev1.NodeSpec{Taints: []corev1.Taint{{Key: "theirs", Effect: corev1.TaintEffectNoExecute}}},
	}
	for _, m := range []Machine{
		labelled(map[string]string{"zone": "ours", "disk": "fast"}, map[string]string{"gpu": "yes:NoSchedule"}),
		labelled(map[string]string{"zone": "ours", "disk": "faster"}, nil),
	} {
		if err := m.applyTalos(node); err != nil {
			t.Fatal(err)
		}
	}
	if node.Labels["zone"] != "theirs" || node.Labels["disk"] != "faster" {
		t.Errorf("labels = %v", node.Labels)
	}
	if len(node.Spec.Taints) != 1 || node.Spec.Taints[0].Key != "theirs" {
		t.Errorf("taints = %v", node.Spec.Taints)
	}
	if got := node.Annotations["talos.dev/owned-labels"]; got != `["disk","extensions.talos.dev/iscsi-tools"]` {
		t.Errorf("owned labels = %s", got)
	}
	if _, ok := node.Annotations["talos.dev/owned-taints"]; ok {
		t.Error("owned taints are still listed")
	}
}

func TestMergeStatus_KeepsTheConditionsOfOthers(t *testing.T) {
	m := testMachine(t, machine.TypeWorker)
	have := corev1.NodeStatus{
		Conditions: []corev1.NodeCondition{
			{Type: corev1.NodeNetworkUnavailable, Status: corev1.ConditionFalse, Reason: "CiliumIsUp"},
			{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, Reason: "NodeStatusUnknown"},
		},
		Addresses: []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "10.0.50.99"}},
	}
	want := m.Status(true)
	if !statusChanged(have, want) {
		t.Error("a node that nobody heard of is not reported")
	}
	mergeStatus(&have, want)
	if statusChanged(have, want) {
		t.Error("what was just reported is reported again")
	}
	if len(have.Conditions) != 5 || have.Conditions[4].Reason != "CiliumIsUp" {
		t.Errorf("conditions = %+v", have.Conditions)
	}
}

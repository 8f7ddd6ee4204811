package kubelet

import (
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestSandboxes_GiveAnAddressOfEachPodNetwork(t *testing.T) {
	s := newSandboxes()
	if _, ok := s.add("early"); ok {
		t.Error("a node without pod networks made a sandbox")
	}
	s.setPodCIDRs([]string{"10.244.1.0/24", "fd00:244:0:1::/64"})
	addrs, ok := s.add("a")
	if got := fmt.Sprint(addrs); !ok || got != "[10.244.1.2 fd00:244:0:1::2]" {
		t.Errorf("addresses = %s", got)
	}
}

func TestSandboxes_GiveEachAddressOnceAndAgainWhenItIsFree(t *testing.T) {
	s := newSandboxes()
	s.setPodCIDRs([]string{"10.244.1.0/29"}) // .2 to .6: five pods
	seen := map[netip.Addr]bool{}
	for i := range 5 {
		addrs, ok := s.add(types.UID(fmt.Sprint(i)))
		if !ok || seen[addrs[0]] {
			t.Fatalf("pod %d: %v, %t", i, addrs, ok)
		}
		seen[addrs[0]] = true
	}
	if addrs, ok := s.add("one too many"); ok {
		t.Errorf("a full network gave %v", addrs)
	}
	s.remove("3")
	if addrs, ok := s.add("late"); !ok || !seen[addrs[0]] {
		t.Errorf("after a pod has gone: %v, %t", addrs, ok)
	}
}

var host = []netip.Addr{netip.MustParseAddr("10.0.50.11")}

func TestReportSandbox_OfAPodInTheHostsNetworkHasItsAddress(t *testing.T) {
	pod := &corev1.Pod{Spec: corev1.PodSpec{HostNetwork: true}}
	reportSandbox(pod, host, nil, metav1.Now())
	if pod.Status.PodIP != "10.0.50.11" || pod.Status.HostIP != "10.0.50.11" {
		t.Errorf("status = %+v", pod.Status)
	}
	if conditionOf(pod, corev1.PodReadyToStartContainers).Status != corev1.ConditionTrue {
		t.Error("its containers may not start")
	}
}

func TestReportSandbox_AfterARebootStartsTheContainersAgain(t *testing.T) {
	before := metav1.NewTime(time.Now().Add(-time.Hour))
	pod := &corev1.Pod{Status: corev1.PodStatus{
		Phase: corev1.PodRunning, StartTime: &before, PodIP: "10.244.1.9", PodIPs: []corev1.PodIP{{IP: "10.244.1.9"}},
		Conditions: []corev1.PodCondition{
			condition(corev1.PodReadyToStartContainers, corev1.ConditionTrue, "", before), condition(corev1.PodReady, corev1.ConditionTrue, "", before),
		},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: "web", Ready: true, RestartCount: 2, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
		}},
	}}
	now := metav1.Now()
	reportSandbox(pod, host, []netip.Addr{netip.MustParseAddr("10.244.1.2")}, now)
	container := pod.Status.ContainerStatuses[0]
	if container.RestartCount != 3 || container.Ready || container.State.Running != nil || container.State.Waiting == nil {
		t.Errorf("container = %+v", container)
	}
	if fmt.Sprint(pod.Status.PodIPs) != "[{10.244.1.2}]" || !pod.Status.StartTime.Equal(&before) {
		t.Errorf("status = %+v", pod.Status)
	}
	if ready := conditionOf(pod, corev1.PodReady); ready.Status != corev1.ConditionFalse || !ready.LastTransitionTime.Equal(&now) {
		t.Errorf("ready = %+v", ready)
	}
	if sandbox := conditionOf(pod, corev1.PodReadyToStartContainers); !sandbox.LastTransitionTime.Equal(&now) {
		t.Errorf("the sandbox is still the old one: %+v", sandbox)
	}
}

func TestStages_KnowTheConditionsThatTheKubeletSets(t *testing.T) {
	stages, err := os.ReadFile("../pods/stages.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{sandboxRemoved, string(corev1.PodReadyToStartContainers), corev1.MirrorPodAnnotationKey} {
		if !strings.Contains(string(stages), word) {
			t.Errorf("%s is not in KWOK's stages: pods would never start, or never end", word)
		}
	}
}

func TestNetwork_RemembersItsConfigurationOverAReboot(t *testing.T) {
	dir := t.TempDir()
	n := newNetwork(dir)
	if n.configured() {
		t.Error("a fresh node has a CNI")
	}
	for _, step := range []struct{ running, news bool }{{false, false}, {true, true}, {true, false}, {false, true}} {
		if news, err := n.setAgent(step.running); err != nil || news != step.news {
			t.Errorf("agent %t: news %t, %v", step.running, news, err)
		}
	}
	if !n.configured() || n.agentRunning() {
		t.Error("the configuration went with the agent")
	}
	if rebooted := newNetwork(dir); !rebooted.configured() || rebooted.agentRunning() {
		t.Error("after a reboot the configuration is gone, or the agent is thought to run")
	}
}

func TestMirror_ShowsAComponentThatKeepsDying(t *testing.T) {
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "cp-1", UID: "u"}}
	static := StaticPod{Name: "kube-scheduler", Image: "registry.k8s.io/kube-scheduler:v1.34.1", Command: []string{"kube-scheduler"}, Restarts: 4}
	pod := mirrorPod(node, static)
	if pod.Name != "kube-scheduler-cp-1" || pod.Labels["app.kubernetes.io/version"] != "v1.34.1" || !pod.Spec.HostNetwork {
		t.Errorf("pod = %+v", pod)
	}
	status := mirrorStatus(static, host, corev1.PodStatus{})
	if got := status.ContainerStatuses[0]; got.RestartCount != 4 || got.State.Waiting == nil || got.State.Waiting.Reason != "CrashLoopBackOff" {
		t.Errorf("container = %+v", got)
	}
	changed := static
	changed.Command = []string{"kube-scheduler", "--v=4"}
	if mirrorPod(node, changed).Annotations[corev1.MirrorPodAnnotationKey] == pod.Annotations[corev1.MirrorPodAnnotationKey] {
		t.Error("other flags give the same mirror")
	}
}

func TestMirrorStatus_IsStableWhileNothingChanges(t *testing.T) {
	static := StaticPod{Name: "kube-apiserver", Image: "x:v1", Ready: true, StartedAt: time.Now()}
	first := mirrorStatus(static, host, corev1.PodStatus{})
	if second := mirrorStatus(static, host, first); !equality.Semantic.DeepEqual(first, second) {
		t.Errorf("%+v\n%+v", first, second)
	}
}

package kubelet

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes"
)

// sandboxRemoved is the reason by which KWOK's stages know that a deleted pod may go.
const sandboxRemoved = "SandboxRemoved"

// reportSandbox writes into the status what a kubelet reports of a pod whose sandbox it has just made. A pod that ran
// before a reboot starts its containers again.
func reportSandbox(pod *corev1.Pod, host, addrs []netip.Addr, now metav1.Time) {
	status := &pod.Status
	if pod.Spec.HostNetwork {
		addrs = host
	}
	if status.StartTime == nil {
		status.StartTime = &now
	}
	setAddresses(status, host, addrs)
	setCondition(status, condition(corev1.PodReadyToStartContainers, corev1.ConditionFalse, "", now)) // it was, if it is from before a reboot
	setCondition(status, condition(corev1.PodReadyToStartContainers, corev1.ConditionTrue, "", now))
	if status.Phase != corev1.PodRunning {
		return
	}
	for _, kind := range []corev1.PodConditionType{corev1.ContainersReady, corev1.PodReady} {
		setCondition(status, condition(kind, corev1.ConditionFalse, "ContainersNotReady", now))
	}
	for i := range status.ContainerStatuses {
		container := &status.ContainerStatuses[i]
		container.RestartCount++
		container.Ready, container.Started = false, new(bool)
		container.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}
	}
}

// reportWaiting writes what a kubelet reports of a pod that gets no sandbox yet.
func reportWaiting(pod *corev1.Pod, now metav1.Time) {
	status := &pod.Status
	if status.StartTime == nil {
		status.StartTime = &now
	}
	setCondition(status, condition(corev1.PodReadyToStartContainers, corev1.ConditionFalse, "", now))
	if len(status.ContainerStatuses) > 0 {
		return
	}
	for _, container := range pod.Spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{
			Name: container.Name, Image: container.Image, Started: new(bool),
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}},
		})
	}
}

// reportRemoved writes what tells KWOK that a deleted pod may go.
func reportRemoved(pod *corev1.Pod, now metav1.Time) {
	for _, want := range []corev1.PodCondition{
		condition(corev1.PodReadyToStartContainers, corev1.ConditionFalse, sandboxRemoved, now),
		condition(corev1.ContainersReady, corev1.ConditionFalse, "PodTerminated", now),
		condition(corev1.PodReady, corev1.ConditionFalse, "PodTerminated", now),
	} {
		setCondition(&pod.Status, want)
	}
}

func setAddresses(status *corev1.PodStatus, host, addrs []netip.Addr) {
	status.HostIP, status.PodIP, status.HostIPs, status.PodIPs = "", "", nil, nil
	for _, addr := range host {
		status.HostIPs = append(status.HostIPs, corev1.HostIP{IP: addr.String()})
	}
	for _, addr := range addrs {
		status.PodIPs = append(status.PodIPs, corev1.PodIP{IP: addr.String()})
	}
	if len(host) > 0 {
		status.HostIP = host[0].String()
	}
	if len(addrs) > 0 {
		status.PodIP = addrs[0].String()
	}
}

func condition(kind corev1.PodConditionType, status corev1.ConditionStatus, reason string, now metav1.Time) corev1.PodCondition {
	return corev1.PodCondition{Type: kind, Status: status, Reason: reason, LastTransitionTime: now}
}

func conditionOf(pod *corev1.Pod, kind corev1.PodConditionType) corev1.PodCondition {
	i := slices.IndexFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool { return c.Type == kind })
	if i < 0 {
		return corev1.PodCondition{}
	}
	return pod.Status.Conditions[i]
}

// setCondition changes a condition only when its status or reason changes, so that its transition time means something.
func setCondition(status *corev1.PodStatus, want corev1.PodCondition) {
	i := slices.IndexFunc(status.Conditions, func(c corev1.PodCondition) bool { return c.Type == want.Type })
	switch {
	case i < 0:
		status.Conditions = append(status.Conditions, want)
	case status.Conditions[i].Status != want.Status || status.Conditions[i].Reason != want.Reason:
		status.Conditions[i] = want
	}
}

// patchPodStatus sends what the change does to the status, for this pod and no other that has its name by now.
func patchPodStatus(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod, change func(*corev1.Pod)) error {
	before, after := pod.DeepCopy(), pod.DeepCopy()
	change(after)
	before.UID = "" // so that the patch carries the UID
	old, err := json.Marshal(before)
	if err != nil {
		return err
	}
	changed, err := json.Marshal(after)
	if err != nil {
		return err
	}
	patch, err := strategicpatch.CreateTwoWayMergePatch(old, changed, corev1.Pod{})
	if err != nil {
		return fmt.Errorf("status of pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	_, err = client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return err
}

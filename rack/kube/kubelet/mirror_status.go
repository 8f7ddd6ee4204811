package kubelet

import (
	"net/netip"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mirrorStatus is the status of a static pod, which keeps the times of what did not change.
func mirrorStatus(static StaticPod, host []netip.Addr, before corev1.PodStatus) corev1.PodStatus {
	started := metav1.NewTime(static.StartedAt.Truncate(time.Second))
	status := before.DeepCopy()
	status.Phase = corev1.PodRunning
	if before.StartTime == nil {
		status.StartTime = &started
	}
	setAddresses(status, host, host)
	now := metav1.NewTime(time.Now().Truncate(time.Second))
	ready := corev1.ConditionFalse
	if static.Ready {
		ready = corev1.ConditionTrue
	}
	for _, want := range []corev1.PodCondition{
		condition(corev1.PodReadyToStartContainers, corev1.ConditionTrue, "", now),
		condition(corev1.PodInitialized, corev1.ConditionTrue, "", now),
		condition(corev1.ContainersReady, ready, "", now),
		condition(corev1.PodReady, ready, "", now),
		condition(corev1.PodScheduled, corev1.ConditionTrue, "", now),
	} {
		setCondition(status, want)
	}
	container := corev1.ContainerStatus{
		Name: static.Name, Image: static.Image, ImageID: static.Image, Ready: static.Ready, RestartCount: int32(static.Restarts),
		Started: &static.Ready, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}},
	}
	if static.StartedAt.IsZero() {
		container.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
	}
	status.ContainerStatuses = []corev1.ContainerStatus{container}
	return *status
}

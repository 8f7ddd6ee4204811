package kubelet

import (
	"net/netip"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// sandboxRemoved is the reason by which KWOK's stages know that a deleted pod may go.
const sandboxRemoved = "SandboxRemoved"

// sandboxes are the pods that have one, and the addresses they got.
type sandboxes struct {
	mu    sync.Mutex
	cidrs []netip.Prefix
	pods  map[types.UID][]netip.Addr
	used  map[netip.Addr]bool
	// last is the address that was given out last, by network: a fresh one each time, as long as there are any.
	last map[netip.Prefix]netip.Addr
}

func newSandboxes() *sandboxes {
	return &sandboxes{pods: map[types.UID][]netip.Addr{}, used: map[netip.Addr]bool{}, last: map[netip.Prefix]netip.Addr{}}
}

func (s *sandboxes) setPodCIDRs(cidrs []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cidrs = s.cidrs[:0]
	for _, cidr := range cidrs {
		if prefix, err := netip.ParsePrefix(cidr); err == nil {
			s.cidrs = append(s.cidrs, prefix)
		}
	}
}

func (s *sandboxes) has(pod types.UID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.pods[pod]
	return ok
}

// addHost makes the sandbox of a pod in the host's network.
func (s *sandboxes) addHost(pod types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pods[pod] = nil
}

// add makes a sandbox with an address of each of the node's pod networks; without any, or with one that is full, there is none.
func (s *sandboxes) add(pod types.UID) ([]netip.Addr, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var addrs []netip.Addr
	for _, cidr := range s.cidrs {
		addr, ok := s.next(cidr)
		if !ok {
			return nil, false
		}
		addrs = append(addrs, addr)
	}
	if len(addrs) == 0 {
		return nil, false
	}
	for _, addr := range addrs {
		s.used[addr] = true
	}
	s.pods[pod] = addrs
	return addrs, true
}

// next needs the lock. The network's own address and the one after it, the node's router, are never a pod's.
func (s *sandboxes) next(cidr netip.Prefix) (netip.Addr, bool) {
	first := cidr.Masked().Addr().Next().Next()
	start, ok := s.last[cidr]
	if !ok {
		start = first.Prev()
	}
	for addr, wrapped := start.Next(), false; ; addr = addr.Next() {
		if !addr.IsValid() || !cidr.Contains(addr) || !cidr.Contains(addr.Next()) {
			if wrapped {
				return netip.Addr{}, false
			}
			addr, wrapped = first, true
		}
		if !s.used[addr] {
			s.last[cidr] = addr
			return addr, true
		}
	}
}

func (s *sandboxes) remove(pod types.UID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, addr := range s.pods[pod] {
		delete(s.used, addr)
	}
	delete(s.pods, pod)
}

// sandboxStatus is what a kubelet reports of a pod whose sandbox it has just made. A pod that ran before a reboot starts its containers again.
func sandboxStatus(pod *corev1.Pod, host, addrs []netip.Addr, now metav1.Time) corev1.PodStatus {
	if pod.Spec.HostNetwork {
		addrs = host
	}
	status := corev1.PodStatus{
		StartTime:  &now,
		Conditions: []corev1.PodCondition{condition(corev1.PodReadyToStartContainers, corev1.ConditionTrue, "", now)},
	}
	if pod.Status.StartTime != nil {
		status.StartTime = pod.Status.StartTime
	}
	for i, addr := range host {
		if i == 0 {
			status.HostIP = addr.String()
		}
		status.HostIPs = append(status.HostIPs, corev1.HostIP{IP: addr.String()})
	}
	for i, addr := range addrs {
		if i == 0 {
			status.PodIP = addr.String()
		}
		status.PodIPs = append(status.PodIPs, corev1.PodIP{IP: addr.String()})
	}
	if pod.Status.Phase == corev1.PodRunning {
		for _, kind := range []corev1.PodConditionType{corev1.ContainersReady, corev1.PodReady} {
			status.Conditions = append(status.Conditions, condition(kind, corev1.ConditionFalse, "ContainersNotReady", now))
		}
		for _, container := range pod.Status.ContainerStatuses {
			container.RestartCount++
			container.Ready, container.Started = false, new(bool)
			container.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}
			status.ContainerStatuses = append(status.ContainerStatuses, container)
		}
	}
	return status
}

// waitingStatus is what a kubelet reports of a pod that gets no sandbox yet.
func waitingStatus(pod *corev1.Pod, now metav1.Time) corev1.PodStatus {
	status := corev1.PodStatus{
		StartTime:  &now,
		Conditions: []corev1.PodCondition{condition(corev1.PodReadyToStartContainers, corev1.ConditionFalse, "", now)},
	}
	for _, container := range pod.Spec.Containers {
		status.ContainerStatuses = append(status.ContainerStatuses, corev1.ContainerStatus{
			Name: container.Name, Image: container.Image, Started: new(bool),
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}},
		})
	}
	return status
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

package kubelet

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"runtime"

	"github.com/siderolabs/talos/pkg/machinery/constants"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// kubeletPort is where a real kubelet answers for logs and exec; nothing listens there in a rehearsal.
const kubeletPort = 10250

// cniNotReady is what a kubelet says before a CNI plugin has put its configuration in place.
const cniNotReady = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady " +
	"message:Network plugin returns error: cni plugin not initialized"

// Object is the Node as the kubelet registers it, before Talos adds the labels and taints of the config.
func (m Machine) Object() *corev1.Node {
	name := m.NodeName()
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				corev1.LabelHostname:      name,
				corev1.LabelOSStable:      "linux",
				corev1.LabelArchStable:    m.Arch,
				"beta.kubernetes.io/os":   "linux",
				"beta.kubernetes.io/arch": m.Arch,
			},
			Annotations: map[string]string{"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
		},
	}
	// Without this taint pods could land on a control plane before Talos's own taint is there.
	if _, tainted := m.Config.K8sNodeConfig().Taints()[constants.LabelNodeRoleControlPlane]; tainted {
		node.Spec.Taints = []corev1.Taint{{Key: constants.LabelNodeRoleControlPlane, Effect: corev1.TaintEffectNoSchedule}}
	}
	node.Spec.Taints = append(node.Spec.Taints, m.registeredTaints()...)
	node.Status = m.Status(false)
	return node
}

// registeredTaints are those that the kubelet's own configuration has, which count when it registers and never again
// (https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/#kubelet-config-k8s-io-v1beta1-KubeletConfiguration).
func (m Machine) registeredTaints() []corev1.Taint {
	var taints []corev1.Taint
	entries, _ := m.Config.K8sKubeletConfig().ExtraConfig()["registerWithTaints"].([]any)
	for _, entry := range entries {
		of, _ := entry.(map[string]any)
		text := func(field string) string { value, _ := of[field].(string); return value }
		taints = append(taints, corev1.Taint{Key: text("key"), Value: text("value"), Effect: corev1.TaintEffect(text("effect"))})
	}
	return taints
}

func (m Machine) controlPlane() bool { return m.Config.Machine().Type().IsControlPlane() }

// Status is what the kubelet tells about its machine, without times.
func (m Machine) Status(networkReady bool) corev1.NodeStatus {
	status := corev1.NodeStatus{
		Capacity:        m.Capacity,
		Allocatable:     m.allocatable(),
		DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: kubeletPort}},
		NodeInfo: corev1.NodeSystemInfo{
			MachineID: m.machineID(), SystemUUID: m.machineID(), BootID: m.BootID,
			KernelVersion:           constants.DefaultKernelVersion,
			OSImage:                 "Talos (" + m.TalosVersion + ")",
			ContainerRuntimeVersion: "containerd://" + constants.DefaultContainerdVersion,
			KubeletVersion:          ImageTag(m.Config.K8sKubeletConfig().Image()),
			OperatingSystem:         runtime.GOOS,
			Architecture:            m.Arch,
		},
		Conditions: []corev1.NodeCondition{
			{
				Type: corev1.NodeMemoryPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientMemory",
				Message: "kubelet has sufficient memory available",
			},
			{
				Type: corev1.NodeDiskPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasNoDiskPressure",
				Message: "kubelet has no disk pressure",
			},
			{
				Type: corev1.NodePIDPressure, Status: corev1.ConditionFalse, Reason: "KubeletHasSufficientPID",
				Message: "kubelet has sufficient PID available",
			},
			{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady", Message: "kubelet is posting ready status"},
		},
	}
	if !networkReady {
		ready := &status.Conditions[len(status.Conditions)-1]
		ready.Status, ready.Reason, ready.Message = corev1.ConditionFalse, "KubeletNotReady", cniNotReady
	}
	for _, ip := range m.NodeIPs() {
		status.Addresses = append(status.Addresses, corev1.NodeAddress{Type: corev1.NodeInternalIP, Address: ip.String()})
	}
	status.Addresses = append(status.Addresses, corev1.NodeAddress{Type: corev1.NodeHostName, Address: m.NodeName()})
	return status
}

// machineID stays over reboots and reinstallations, as that of the hardware does.
func (m Machine) machineID() string {
	sum := sha256.Sum256([]byte(m.NodeName()))
	return hex.EncodeToString(sum[:16])
}

// allocatable is the capacity less what Talos reserves for the system.
func (m Machine) allocatable() corev1.ResourceList {
	memory := constants.KubeletSystemReservedMemoryWorker
	if m.controlPlane() {
		memory = constants.KubeletSystemReservedMemoryControlPlane
	}
	out := maps.Clone(m.Capacity)
	for name, reserved := range map[corev1.ResourceName]string{
		corev1.ResourceCPU:              constants.KubeletSystemReservedCPU,
		corev1.ResourceMemory:           memory,
		corev1.ResourceEphemeralStorage: constants.KubeletSystemReservedEphemeralStorage,
	} {
		if quantity, ok := out[name]; ok {
			quantity = quantity.DeepCopy()
			quantity.Sub(resource.MustParse(reserved))
			out[name] = quantity
		}
	}
	return out
}

// withTimes gives conditions their times: a transition is now unless the status is the one that was known before.
func withTimes(status corev1.NodeStatus, before []corev1.NodeCondition, now metav1.Time) corev1.NodeStatus {
	for i := range status.Conditions {
		condition := &status.Conditions[i]
		condition.LastHeartbeatTime, condition.LastTransitionTime = now, now
		for _, old := range before {
			if old.Type == condition.Type && old.Status == condition.Status {
				condition.LastTransitionTime = old.LastTransitionTime
			}
		}
	}
	return status
}

package kubelet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/constants"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mirrorPeriod is how often static pods are compared with their mirrors.
const mirrorPeriod = 2 * time.Second

var errNoAddress = errors.New("the node has no free pod address yet")

// StaticPod is a component that runs beside the kubelet, as it is now.
type StaticPod struct {
	// Name is the component's; the mirror's has the node's behind it.
	Name string
	// Image and Command are what a real node would run.
	Image   string
	Command []string
	// Ready says that it answers. StartedAt is zero while it does not run.
	Ready     bool
	StartedAt time.Time
	Restarts  int
	// Secrets is the version of the secrets that it was started with.
	Secrets string
}

// mirrorStaticPods shows what runs on the node as pods, which is how talosctl and dashboards see a control plane.
func (w *podWorker) mirrorStaticPods(ctx context.Context) {
	if w.static == nil {
		return
	}
	complaint := complaint{what: "mirror pods"}
	for {
		var errs []error
		for _, pod := range w.static() {
			if err := w.mirror(ctx, pod); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", pod.Name, err))
			}
		}
		complaint.say(ctx, w.log, errors.Join(errs...))
		if !pause(ctx, mirrorPeriod) {
			return
		}
	}
}

func (w *podWorker) mirror(ctx context.Context, static StaticPod) error {
	node, err := w.client.CoreV1().Nodes().Get(ctx, w.name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	pods, want := w.client.CoreV1().Pods(metav1.NamespaceSystem), mirrorPod(node, static)
	// A node may watch its pods, and get none that it does not know to be there.
	have, err := w.lister.Pods(metav1.NamespaceSystem).Get(want.Name)
	switch {
	case apierrors.IsNotFound(err):
		have, err = pods.Create(ctx, want, metav1.CreateOptions{})
	case err == nil && (have.DeletionTimestamp != nil || mirrorHash(have) != mirrorHash(want)):
		// A mirror is never changed, only replaced.
		return pods.Delete(ctx, have.Name, *metav1.NewDeleteOptions(0))
	}
	if err != nil {
		return err
	}
	status := mirrorStatus(static, w.current().NodeIPs(), have.Status)
	if equality.Semantic.DeepEqual(have.Status, status) {
		return nil
	}
	return patchPodStatus(ctx, w.client, have, func(pod *corev1.Pod) { pod.Status = status })
}

// mirrorPod is the pod that a kubelet makes of a static pod of Talos.
func mirrorPod(node *corev1.Node, static StaticPod) *corev1.Pod {
	priority, controller := int32(2000000000), true // system-cluster-critical
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: static.Name + "-" + node.Name, Namespace: metav1.NamespaceSystem,
			Labels: map[string]string{
				"tier": "control-plane", "k8s-app": static.Name, "component": static.Name,
				"app.kubernetes.io/name": static.Name, "app.kubernetes.io/version": ImageTag(static.Image),
				"app.kubernetes.io/component": "control-plane", "app.kubernetes.io/managed-by": "Talos",
			},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID, Controller: &controller,
			}},
		},
		Spec: corev1.PodSpec{
			NodeName: node.Name, HostNetwork: true, Priority: &priority, PriorityClassName: "system-cluster-critical",
			Tolerations: []corev1.Toleration{{Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute}},
			Containers:  []corev1.Container{{Name: static.Name, Image: static.Image, Command: static.Command}},
		},
	}
	hash := configHash(pod, static.Secrets)
	pod.Annotations = map[string]string{
		constants.AnnotationStaticPodSecretsVersion: static.Secrets,
		corev1.MirrorPodAnnotationKey:               hash, "kubernetes.io/config.hash": hash, "kubernetes.io/config.source": "http",
		"kubernetes.io/config.seen": node.CreationTimestamp.UTC().Format(time.RFC3339),
	}
	return pod
}

// mirrorHash is by what a mirror is known to show the pod as it is now.
func mirrorHash(pod *corev1.Pod) string { return pod.Annotations[corev1.MirrorPodAnnotationKey] }

func configHash(pod *corev1.Pod, secrets string) string {
	spec, _ := json.Marshal(pod.Spec) // it is made of plain fields
	sum := sha256.Sum256(append(spec, secrets...))
	return hex.EncodeToString(sum[:16])
}

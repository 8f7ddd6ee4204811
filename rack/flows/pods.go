package flows

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Pod is all pods that are the same to every policy: the replicas of a workload.
type Pod struct {
	Namespace string
	// Name is the workload's, or the pod's own where it has none.
	Name   string
	Labels map[string]string
	Spec   corev1.PodSpec
}

// String is NAMESPACE/NAME.
func (p *Pod) String() string { return p.Namespace + "/" + p.Name }

// perPod are the labels by which replicas differ. Cilium leaves them out of identities as well.
var perPod = []string{
	"pod-template-hash", "controller-revision-hash", "pod-template-generation", "controller-uid", "job-name",
	"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index",
	"batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name",
}

// ownLabels are those that programs give their own pods once they run, by the label app of these. Longhorn's managers say by
// them which serve its webhooks (https://github.com/longhorn/longhorn-manager, types/types.go).
var ownLabels = map[string]map[string]string{
	"longhorn-manager": {
		"longhorn.io/admission-webhook": "longhorn-admission-webhook",
		"longhorn.io/recovery-backend":  "longhorn-recovery-backend",
	},
}

// key tells pods apart that a policy may tell apart, or that listen elsewhere.
func (p *Pod) key() string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(p.Labels)) {
		words = append(words, name+"="+p.Labels[name])
	}
	return fmt.Sprintf("%s %s %s %t", p.Namespace, names(words), p.Spec.ServiceAccountName, p.Spec.HostNetwork)
}

// addPods takes the pods of an object: of one itself, or of a workload's template, which is there before any pod is.
func (c *Cluster) addPods(o *unstructured.Unstructured) error {
	template, err := templateOf(o)
	if template == nil || err != nil {
		return err
	}
	labels := maps.Clone(template.Labels)
	for _, name := range perPod {
		delete(labels, name)
	}
	for owner, given := range ownLabels {
		if labels["app"] == owner {
			maps.Copy(labels, given)
		}
	}
	if template.Spec.ServiceAccountName == "" {
		template.Spec.ServiceAccountName = "default"
	}
	name := o.GetName()
	if owner := o.GetOwnerReferences(); o.GetKind() == "Pod" && len(owner) > 0 {
		name = strings.TrimSuffix(owner[0].Name, "-"+o.GetLabels()["pod-template-hash"])
	}
	pod := &Pod{Namespace: o.GetNamespace(), Name: name, Labels: labels, Spec: template.Spec}
	if pod.Namespace == "" {
		pod.Namespace = corev1.NamespaceDefault
	}
	if key := pod.key(); !c.podKeys[key] {
		c.podKeys[key] = true
		c.Pods = append(c.Pods, pod)
	}
	return nil
}

func templateOf(o *unstructured.Unstructured) (*corev1.PodTemplateSpec, error) {
	switch o.GroupVersionKind().GroupKind().String() {
	case "Pod":
		pod, err := as[corev1.Pod](o)
		return &corev1.PodTemplateSpec{ObjectMeta: pod.ObjectMeta, Spec: pod.Spec}, err
	case "Deployment.apps":
		w, err := as[appsv1.Deployment](o)
		return &w.Spec.Template, err
	case "StatefulSet.apps":
		w, err := as[appsv1.StatefulSet](o)
		return &w.Spec.Template, err
	case "DaemonSet.apps":
		w, err := as[appsv1.DaemonSet](o)
		return &w.Spec.Template, err
	case "Job.batch":
		w, err := as[batchv1.Job](o)
		return &w.Spec.Template, err
	case "CronJob.batch":
		w, err := as[batchv1.CronJob](o)
		return &w.Spec.JobTemplate.Spec.Template, err
	}
	return nil, nil
}

// as reads an object as its kind's own type.
func as[T any](o *unstructured.Unstructured) (*T, error) {
	var typed T
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &typed); err != nil {
		return &typed, fmt.Errorf("%s %s/%s: %w", o.GetKind(), o.GetNamespace(), o.GetName(), err)
	}
	return &typed, nil
}

// ends are where a pod is found: by its own identity, or, on the host's network, as any node.
func (p *Pod) ends() []End {
	if p.Spec.HostNetwork {
		return []End{ownNode, otherNode}
	}
	return []End{{Pod: p}}
}

// containers are all of them, those that run first as well.
func (p *Pod) containers() []corev1.Container {
	return slices.Concat(p.Spec.InitContainers, p.Spec.Containers)
}

// port is the number of a named port, and its protocol; 0 when there is no such port.
func (p *Pod) port(name string) (uint16, string) {
	for _, container := range p.containers() {
		for _, port := range container.Ports {
			if port.Name == name {
				return uint16(port.ContainerPort), protocolOf(port.Protocol)
			}
		}
	}
	return 0, ""
}

func protocolOf(p corev1.Protocol) string {
	if p == "" {
		return string(corev1.ProtocolTCP)
	}
	return string(p)
}

// labelled reports whether the pod has the labels, given as KEY=VALUE.
func (p *Pod) labelled(pairs ...string) bool {
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		if got, ok := p.Labels[key]; !ok || got != value {
			return false
		}
	}
	return true
}

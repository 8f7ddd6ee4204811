package facts

import (
	"fmt"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// into reads an object as the type that it is of.
func into[T any](o unstructured.Unstructured) (T, error) {
	var typed T
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &typed)
	return typed, err
}

// take puts an object of the release where it belongs.
func (r *Release) take(o unstructured.Unstructured) error {
	switch kind := o.GetKind(); {
	case kind == "ServiceAccount" && o.GetAPIVersion() == "v1":
		r.ServiceAccounts = append(r.ServiceAccounts, o.GetName())
	case kind == "Service" && o.GetAPIVersion() == "v1":
		service, err := into[corev1.Service](o)
		if err != nil {
			return err
		}
		r.Services = append(r.Services, Service{
			Name: service.Name, Namespace: r.other(o), Type: serviceType(service.Spec.Type), Headless: service.Spec.ClusterIP == corev1.ClusterIPNone,
			Labels: lasting(service.Labels), Selector: service.Spec.Selector, Ports: service.Spec.Ports,
		})
	case kind == "ValidatingWebhookConfiguration", kind == "MutatingWebhookConfiguration":
		webhooks, err := webhooksOf(o)
		r.Webhooks = append(r.Webhooks, webhooks...)
		return err
	case kind == "APIService":
		r.APIServices = append(r.APIServices, o.GetName())
	default:
		pod, err := podOf(o)
		if err != nil {
			return err
		}
		if pod == nil {
			r.Others = append(r.Others, o.GetKind()+"/"+o.GetName())
			return nil
		}
		w := Workload{Kind: o.GetKind(), Name: o.GetName(), Namespace: r.other(o), Pod: *pod}
		w.Labels, w.Selector, err = labelsOf(o)
		r.Workloads = append(r.Workloads, w)
		return err
	}
	return nil
}

// other is the object's namespace, where it is not the release's.
func (r *Release) other(o unstructured.Unstructured) string {
	if o.GetNamespace() == r.Namespace {
		return ""
	}
	return o.GetNamespace()
}

func serviceType(t corev1.ServiceType) corev1.ServiceType {
	if t == corev1.ServiceTypeClusterIP {
		return ""
	}
	return t
}

// lasting leaves out what says no more than which version of which chart an object is of.
func lasting(labels map[string]string) map[string]string {
	kept := map[string]string{}
	for key, value := range labels {
		switch key {
		case "helm.sh/chart", "chart", "app.kubernetes.io/version", "app.kubernetes.io/managed-by", "heritage":
		default:
			kept[key] = value
		}
	}
	return kept
}

// template is the pod template of an object; nil for what makes no pods.
func template(o unstructured.Unstructured) (*corev1.PodTemplateSpec, *metav1.LabelSelector, error) {
	switch o.GetKind() {
	case "Deployment":
		d, err := into[appsv1.Deployment](o)
		return &d.Spec.Template, d.Spec.Selector, err
	case "DaemonSet":
		d, err := into[appsv1.DaemonSet](o)
		return &d.Spec.Template, d.Spec.Selector, err
	case "StatefulSet":
		s, err := into[appsv1.StatefulSet](o)
		return &s.Spec.Template, s.Spec.Selector, err
	case "Job":
		j, err := into[batchv1.Job](o)
		return &j.Spec.Template, nil, err
	case "CronJob":
		c, err := into[batchv1.CronJob](o)
		return &c.Spec.JobTemplate.Spec.Template, nil, err
	case "Pod":
		p, err := into[corev1.Pod](o)
		return &corev1.PodTemplateSpec{ObjectMeta: p.ObjectMeta, Spec: p.Spec}, nil, err
	}
	return nil, nil, nil
}

func labelsOf(o unstructured.Unstructured) (labels, selector map[string]string, err error) {
	t, s, err := template(o)
	if err != nil || s == nil {
		return lasting(t.Labels), nil, err
	}
	if len(s.MatchExpressions) > 0 {
		return nil, nil, fmt.Errorf("its selector has expressions, which facts have no place for")
	}
	return lasting(t.Labels), s.MatchLabels, nil
}

// podOf are the facts of the pods that an object makes; nil for what makes none.
func podOf(o unstructured.Unstructured) (*Pod, error) {
	t, _, err := template(o)
	if t == nil || err != nil {
		return nil, err
	}
	spec := t.Spec
	pod := &Pod{
		ServiceAccount: spec.ServiceAccountName, PriorityClass: spec.PriorityClassName,
		HostNetwork: spec.HostNetwork, HostPID: spec.HostPID, HostIPC: spec.HostIPC,
		NodeSelector: spec.NodeSelector, Tolerations: spec.Tolerations, Security: spec.SecurityContext,
		HasAffinity: spec.Affinity != nil, HasTopologySpread: len(spec.TopologySpreadConstraints) > 0,
	}
	for _, volume := range spec.Volumes {
		if volume.HostPath != nil {
			pod.HostPaths = append(pod.HostPaths, volume.HostPath.Path)
		}
	}
	slices.Sort(pod.HostPaths)
	pod.HostPaths = slices.Compact(pod.HostPaths)
	for i, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for _, c := range containers {
			pod.Containers = append(pod.Containers, Container{Name: c.Name, Init: i == 0, Ports: c.Ports, Security: c.SecurityContext})
		}
	}
	return pod, nil
}

func webhooksOf(o unstructured.Unstructured) ([]Webhook, error) {
	// The two kinds have the same fields, as far as they matter here.
	config, err := into[admissionv1.ValidatingWebhookConfiguration](o)
	if err != nil {
		return nil, err
	}
	var found []Webhook
	for _, w := range config.Webhooks {
		webhook := Webhook{Kind: o.GetKind(), Configuration: o.GetName(), Name: w.Name, FailurePolicy: string(admissionv1.Fail)}
		if w.FailurePolicy != nil {
			webhook.FailurePolicy = string(*w.FailurePolicy)
		}
		if s := w.ClientConfig.Service; s != nil {
			port := int32(443)
			if s.Port != nil {
				port = *s.Port
			}
			webhook.Service = fmt.Sprintf("%s/%s:%d", s.Namespace, s.Name, port)
		}
		if w.ClientConfig.URL != nil {
			webhook.URL = *w.ClientConfig.URL
		}
		for _, rule := range w.Rules {
			for _, resource := range rule.Resources {
				webhook.Resources = append(webhook.Resources, strings.Join([]string{strings.Join(rule.APIGroups, ","), strings.Join(rule.APIVersions, ","), resource}, "/"))
			}
		}
		found = append(found, webhook)
	}
	return found, nil
}

package programs

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// sources are where a container's variables come from. Each returns nil where there is no such thing.
type sources struct {
	namespace string
	secret    func(name string) (map[string][]byte, error)
	configMap func(name string) (map[string]string, error)
	pod       func() (*corev1.Pod, error)
}

func (p *player) sources(ctx context.Context, d *appsv1.Deployment) sources {
	return sources{
		namespace: d.Namespace,
		secret: func(name string) (map[string][]byte, error) {
			secret, err := p.client.CoreV1().Secrets(d.Namespace).Get(ctx, name, metav1.GetOptions{})
			if apierrors.IsNotFound(err) {
				return nil, nil
			}
			return secret.Data, err
		},
		configMap: func(name string) (map[string]string, error) { return p.configMap(ctx, d.Namespace, name) },
		pod:       func() (*corev1.Pod, error) { return p.pod(ctx, d) },
	}
}

func (p *player) configMap(ctx context.Context, namespace, name string) (map[string]string, error) {
	held, err := p.client.CoreV1().ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return held.Data, err
}

// pod is the one that the program stands for: the first of the Deployment's that has a node.
func (p *player) pod(ctx context.Context, d *appsv1.Deployment) (*corev1.Pod, error) {
	pods, err := p.client.CoreV1().Pods(d.Namespace).List(ctx, metav1.ListOptions{LabelSelector: metav1.FormatLabelSelector(d.Spec.Selector)})
	if err != nil {
		return nil, err
	}
	for i := range pods.Items {
		if pods.Items[i].Spec.NodeName != "" {
			return &pods.Items[i], nil
		}
	}
	return nil, fmt.Errorf("deployment %s/%s has no pod on a node", d.Namespace, d.Name)
}

// environment is what the container gets, but for what is counted in its own cores and memory. As with a kubelet, a
// container whose Secret or ConfigMap is missing does not start, unless it says that it can do without.
func environment(vars []corev1.EnvVar, from sources) ([]string, error) {
	var env []string
	var errs []error
	for _, v := range vars {
		value, has, err := from.value(v)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", v.Name, err))
		}
		if has {
			env = append(env, v.Name+"="+value)
		}
	}
	return env, errors.Join(errs...)
}

func (s sources) value(v corev1.EnvVar) (value string, has bool, err error) {
	switch from := v.ValueFrom; {
	case from == nil:
		return v.Value, true, nil
	case from.FieldRef != nil:
		value, err = s.field(from.FieldRef.FieldPath)
		return value, true, err
	case from.SecretKeyRef != nil:
		held, err := s.secret(from.SecretKeyRef.Name)
		value, has := held[from.SecretKeyRef.Key]
		return s.optional("secret", from.SecretKeyRef.Name, from.SecretKeyRef.Key, string(value), has, from.SecretKeyRef.Optional, err)
	case from.ConfigMapKeyRef != nil:
		held, err := s.configMap(from.ConfigMapKeyRef.Name)
		value, has := held[from.ConfigMapKeyRef.Key]
		return s.optional("configmap", from.ConfigMapKeyRef.Name, from.ConfigMapKeyRef.Key, value, has, from.ConfigMapKeyRef.Optional, err)
	}
	return "", false, nil
}

func (s sources) optional(kind, name, key, value string, has bool, optional *bool, err error) (string, bool, error) {
	if err == nil && !has && (optional == nil || !*optional) {
		err = fmt.Errorf("%s %s/%s has nothing under %q", kind, s.namespace, name, key)
	}
	return value, has, err
}

// field is what a variable says of the pod.
func (s sources) field(path string) (string, error) {
	if path == "metadata.namespace" {
		return s.namespace, nil
	}
	pod, err := s.pod()
	if err != nil {
		return "", err
	}
	switch path {
	case "metadata.name":
		return pod.Name, nil
	case "metadata.uid":
		return string(pod.UID), nil
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.podIP":
		return pod.Status.PodIP, nil
	case "status.hostIP":
		return pod.Status.HostIP, nil
	}
	return "", fmt.Errorf("a program is not told its pod's %s; name the field in rack/programs", path)
}

// reference is a variable in an argument, or a dollar that is none
// (https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/).
var reference = regexp.MustCompile(`\$\$|\$\([A-Za-z_][A-Za-z0-9_.-]*\)`)

// expanded is an argument with the values of its variables. One that is not there stays as it is written.
func expanded(arg string, env []string) string {
	return reference.ReplaceAllStringFunc(arg, func(text string) string {
		if text == "$$" {
			return "$"
		}
		for _, v := range env {
			if name, value, _ := strings.Cut(v, "="); text == "$("+name+")" {
				return value
			}
		}
		return text
	})
}

package cluster

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
)

// Pod is a ready pod of an operator.
type Pod struct {
	Namespace, Name string
	// Start is another one after each start of its containers: what an operator does once when it starts, it does once for each.
	Start string

	uid types.UID
}

// operatorPods are the ready pods of the Deployments, oldest first: the leader stays the leader while it is there.
func (c *Cluster) operatorPods(patterns []string) []Pod {
	var pods []corev1.Pod
	for _, object := range c.List(Deployments) {
		if !slices.ContainsFunc(patterns, func(p string) bool { ok, _ := path.Match(p, object.GetName()); return ok }) {
			continue
		}
		deployment, err := As[appsv1.Deployment](object)
		if err != nil {
			continue
		}
		selector, err := metav1.LabelSelectorAsSelector(deployment.Spec.Selector)
		if err != nil {
			continue
		}
		pods = append(pods, c.ReadyPods(deployment.Namespace, selector)...)
	}
	slices.SortStableFunc(pods, func(a, b corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	var list []Pod
	for i := range pods {
		list = append(list, Pod{Namespace: pods[i].Namespace, Name: pods[i].Name, Start: start(&pods[i]), uid: pods[i].UID})
	}
	return list
}

// leads is whether an operator's pod may act: one that does not reach the API cannot renew its lease, and stops. The cache shows the pod
// for as long as no API server says otherwise, though its cluster be gone with all of its machines, and another be in the making.
func (s *store) leads(ctx context.Context, pod Pod) bool {
	s.mu.Lock()
	renewed := s.renewed[pod.uid]
	s.mu.Unlock()
	if time.Since(renewed) < renewEvery {
		return true
	}
	asked, cancel := context.WithTimeout(ctx, renewal)
	defer cancel()
	began := time.Now()
	found, err := s.client.Resource(Pods).Namespace(pod.Namespace).Get(asked, pod.Name, metav1.GetOptions{})
	s.answered(ctx, began, err)
	if err != nil || found.GetUID() != pod.uid {
		return false
	}
	s.mu.Lock()
	s.renewed[pod.uid] = time.Now()
	s.mu.Unlock()
	return true
}

// answered takes down whether an API server answered what was asked then. Operators that reached none for as long as a lease lasts have
// ended, and are started again: all of them look at the whole cluster anew, however long a watch of before would have waited by then
// until it tries again, which is up to a minute
// (https://github.com/kubernetes/client-go/blob/v0.34.1/tools/cache/reflector.go, backoffManager).
func (s *store) answered(ctx context.Context, asked time.Time, err error) {
	var status apierrors.APIStatus
	away := err != nil && !errors.As(err, &status)
	s.mu.Lock()
	since := s.away
	switch {
	case !away:
		s.away = time.Time{}
	case since.IsZero():
		s.away = asked
	}
	s.mu.Unlock()
	if !away && !since.IsZero() && asked.Sub(since) > renewal {
		s.anew(ctx)
	}
}

// ReadyPods are the pods of a namespace that the selector chooses and that are ready. An empty selector chooses none, as that of a
// Service does.
func (c *Cluster) ReadyPods(namespace string, selector labels.Selector) []corev1.Pod {
	if selector.Empty() {
		return nil
	}
	var ready []corev1.Pod
	for _, object := range c.List(Pods) {
		if object.GetNamespace() != namespace || object.GetDeletionTimestamp() != nil || !selector.Matches(labels.Set(object.GetLabels())) {
			continue
		}
		pod, err := As[corev1.Pod](object)
		if err == nil && slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
			return condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
		}) {
			ready = append(ready, *pod)
		}
	}
	return ready
}

func start(pod *corev1.Pod) string {
	for _, container := range pod.Status.ContainerStatuses {
		if container.State.Running != nil {
			return fmt.Sprintf("%s %s", pod.UID, container.State.Running.StartedAt.UTC())
		}
	}
	return string(pod.UID)
}

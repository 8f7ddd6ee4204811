package rook

import (
	"errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// crash keeps the pods of an OSD whose disk is gone from being ready: each start of its container ends with an error. Rook leaves
// the Deployment as it is.
func (p *pass) crash(namespace, id string) error {
	var errs []error
	selector := labels.SelectorFromSet(labels.Set{"app": "rook-ceph-osd", "ceph_daemon_id": id})
	for _, pod := range p.ReadyPods(namespace, selector) {
		object := p.Get(cluster.Pods, namespace, pod.Name)
		if object == nil {
			continue
		}
		status, _, err := unstructured.NestedMap(object.Object, "status")
		if err != nil {
			return err
		}
		for _, c := range objects(status["conditions"]) {
			if c["type"] == string(corev1.PodReady) || c["type"] == string(corev1.ContainersReady) {
				c["status"], c["reason"], c["message"] = string(corev1.ConditionFalse), "ContainersNotReady", "containers with unready status: [osd]"
				c["lastTransitionTime"] = p.now.UTC().Format("2006-01-02T15:04:05Z")
			}
		}
		// Between two starts; KWOK would start a container anew that is not running.
		for _, c := range objects(status["containerStatuses"]) {
			c["ready"], c["restartCount"] = false, int64(1)
			c["lastState"] = map[string]any{"terminated": map[string]any{
				"exitCode": int64(1), "reason": "Error", "message": "unable to read the OSD's block device: Input/output error",
				"startedAt": metav1.NewTime(p.now).UTC().Format("2006-01-02T15:04:05Z"), "finishedAt": metav1.NewTime(p.now).UTC().Format("2006-01-02T15:04:05Z"),
			}}
		}
		errs = append(errs, p.WriteStatus(p.ctx, cluster.Pods, object, status))
	}
	return errors.Join(errs...)
}

// objects are the objects of a list.
func objects(list any) []map[string]any {
	items, _ := list.([]any)
	var all []map[string]any
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			all = append(all, m)
		}
	}
	return all
}

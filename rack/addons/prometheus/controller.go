package prometheus

import (
	"context"
	"errors"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// The kinds that the operator makes servers of.
var (
	Servers       = kind("prometheuses")
	Alertmanagers = kind("alertmanagers")
)

func kind(resource string) cluster.Kind {
	return cluster.Kind{Group: "monitoring.coreos.com", Version: "v1", Resource: resource}
}

// Controller makes servers while the operator runs, under the name that its chart gives it or its own.
func Controller() cluster.Controller {
	return cluster.Controller{
		Name: "prometheus-operator", Operators: []string{"kube-prometheus-stack-operator", "prometheus-operator"},
		Kinds: []cluster.Kind{Servers, Alertmanagers, cluster.StatefulSets, cluster.Services},
		Pass: func(ctx context.Context, c *cluster.Cluster, _ []cluster.Pod) error {
			var errs []error
			for _, kind := range []cluster.Kind{Servers, Alertmanagers} {
				for _, object := range c.List(kind) {
					if object.GetDeletionTimestamp() == nil {
						errs = append(errs, serve(ctx, c, kind, object))
					}
				}
			}
			return errors.Join(errs...)
		},
	}
}

// serve makes what an object wants, and says of it how far that has come.
func serve(ctx context.Context, c *cluster.Cluster, kind cluster.Kind, object *unstructured.Unstructured) error {
	set, service, err := Made(object)
	if err != nil || set == nil {
		return err
	}
	if err := errors.Join(c.Apply(ctx, cluster.Services, service), c.Apply(ctx, cluster.StatefulSets, set)); err != nil {
		return err
	}
	there, err := cluster.As[appsv1.StatefulSet](c.Get(cluster.StatefulSets, set.Namespace, set.Name))
	if err != nil || there == nil {
		return err
	}
	return c.WriteStatus(ctx, kind, object, status(object, there))
}

// status is what the operator says of a server.
func status(object *unstructured.Unstructured, set *appsv1.StatefulSet) map[string]any {
	wanted, ready := *set.Spec.Replicas, set.Status.AvailableReplicas
	available := metav1.Condition{Type: "Available", Status: metav1.ConditionTrue, ObservedGeneration: object.GetGeneration()}
	if ready < wanted {
		available.Status, available.Reason = metav1.ConditionFalse, "NoPodReady"
		if ready > 0 {
			available.Status, available.Reason = "Degraded", "SomePodsNotReady"
		}
	}
	reconciled := metav1.Condition{Type: "Reconciled", Status: metav1.ConditionTrue, ObservedGeneration: object.GetGeneration()}
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	var all []any
	for _, c := range []metav1.Condition{available, reconciled} {
		all = append(all, since(conditions, c))
	}
	return map[string]any{
		"paused": false, "replicas": int64(set.Status.Replicas), "updatedReplicas": int64(set.Status.UpdatedReplicas),
		"availableReplicas": int64(ready), "unavailableReplicas": int64(wanted - ready), "conditions": all,
	}
}

// since is a condition with the time at which it became so.
func since(before []any, c metav1.Condition) map[string]any {
	at := time.Now().UTC().Format(time.RFC3339)
	for _, b := range before {
		if b, ok := b.(map[string]any); ok && b["type"] == c.Type && b["status"] == string(c.Status) {
			if was, ok := b["lastTransitionTime"].(string); ok {
				at = was
			}
		}
	}
	return map[string]any{
		"type": c.Type, "status": string(c.Status), "reason": c.Reason, "observedGeneration": c.ObservedGeneration, "lastTransitionTime": at,
	}
}

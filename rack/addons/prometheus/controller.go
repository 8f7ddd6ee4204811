package prometheus

import (
	"context"
	"errors"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/meta"
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
	says, err := status(object, there)
	if err != nil {
		return err
	}
	return c.WriteStatus(ctx, kind, object, says)
}

// status is what the operator says of a server.
func status(object *unstructured.Unstructured, set *appsv1.StatefulSet) (map[string]any, error) {
	said, err := cluster.As[struct {
		Status struct {
			Conditions []metav1.Condition `json:"conditions"`
		} `json:"status"`
	}](object)
	if err != nil {
		return nil, err
	}
	wanted, ready := *set.Spec.Replicas, set.Status.AvailableReplicas
	available := metav1.Condition{Type: "Available", Status: metav1.ConditionTrue}
	if ready < wanted {
		available.Status, available.Reason = metav1.ConditionFalse, "NoPodReady"
		if ready > 0 {
			available.Status, available.Reason = "Degraded", "SomePodsNotReady"
		}
	}
	conditions := said.Status.Conditions
	for _, c := range []metav1.Condition{available, {Type: "Reconciled", Status: metav1.ConditionTrue}} {
		c.ObservedGeneration = object.GetGeneration()
		meta.SetStatusCondition(&conditions, c)
	}
	return map[string]any{
		"paused": false, "replicas": set.Status.Replicas, "updatedReplicas": set.Status.UpdatedReplicas,
		"availableReplicas": ready, "unavailableReplicas": wanted - ready, "conditions": conditions,
	}, nil
}

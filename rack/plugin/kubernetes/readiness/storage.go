package readiness

import (
	"context"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// PersistentVolume is ready when it is available or bound.
func PersistentVolume(object *unstructured.Unstructured) Verdict {
	phase := text(object, "status", "phase")
	return Verdict{Ready: phase == "Available" || phase == "Bound", Status: fmt.Sprintf("PersistentVolume is %s", phase)}
}

// claim is ready when it is bound; one whose storage class waits for a pod is ready while it waits.
func claim(ctx context.Context, view View) (Verdict, error) {
	phase := text(view.Object, "status", "phase")
	if view.Before != nil && phase == "Bound" {
		return Verdict{Ready: true}, nil
	}
	waits, err := waitsForConsumer(ctx, view)
	if err != nil {
		return Verdict{}, err
	}
	if waits {
		return Verdict{Ready: phase == "Pending", Status: "Waiting for the claim to be pending"}, nil
	}
	status := fmt.Sprintf("PersistentVolumeClaim is %s", phase)
	return Verdict{Ready: phase == "Bound", Status: status, Problems: []string{status}}, nil
}

func waitsForConsumer(ctx context.Context, view View) (bool, error) {
	name := text(view.Object, "spec", "storageClassName")
	if name == "" {
		return false, nil
	}
	class, err := view.Get(ctx, schema.GroupVersionKind{Group: "storage.k8s.io", Version: "v1", Kind: "StorageClass"}, "", name)
	if err != nil || class == nil {
		return false, err
	}
	return text(class, "volumeBindingMode") == "WaitForFirstConsumer", nil
}

// ResourceQuota is ready when its controller has taken the limits over.
func ResourceQuota(object *unstructured.Unstructured) Verdict {
	want, _, _ := unstructured.NestedMap(object.Object, "spec", "hard")
	have, _, _ := unstructured.NestedMap(object.Object, "status", "hard")
	return Verdict{Ready: reflect.DeepEqual(want, have), Status: "Waiting for the quota to be enforced"}
}

// Secret is ready at once, but for a service account's token, which a controller fills in.
func Secret(object *unstructured.Unstructured) Verdict {
	data, _, _ := unstructured.NestedMap(object.Object, "data")
	return Verdict{
		Ready:  text(object, "type") != "kubernetes.io/service-account-token" || len(data) > 0,
		Status: "Waiting for the token to be made",
	}
}

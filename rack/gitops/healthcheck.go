package gitops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// waitFor is the annotation of a pod that KWOK may complete only when what it names is ready, as KIND/NAME.
const waitFor = "rack.home-ops/wait-for"

// releaseHealthChecks lets the health check of the chart flux-instance complete once its FluxInstance is ready. One that
// never is makes the release fail at its own timeout.
func releaseHealthChecks(ctx context.Context, client kubernetes.Interface) error {
	pods, err := client.CoreV1().Pods(Namespace).List(ctx, metav1.ListOptions{FieldSelector: "status.phase=Running"})
	if err != nil {
		return fmt.Errorf("health checks: %w", err)
	}
	var errs []error
	for i := range pods.Items {
		name, waits := strings.CutPrefix(pods.Items[i].Annotations[waitFor], "FluxInstance/")
		if !waits {
			continue
		}
		ready, err := instanceReady(ctx, client, name)
		if ready {
			err = release(ctx, client, &pods.Items[i])
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func release(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod) error {
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]any{waitFor: nil}}})
	if err != nil {
		return err
	}
	_, err = client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// instanceReady reports whether the operator says so of the FluxInstance as it is now, not as it was.
func instanceReady(ctx context.Context, client kubernetes.Interface, name string) (bool, error) {
	raw, err := client.CoreV1().RESTClient().Get().
		AbsPath("/apis/fluxcd.controlplane.io/v1/namespaces", Namespace, "fluxinstances", name).DoRaw(ctx)
	if err != nil {
		return false, err
	}
	var instance struct {
		Metadata metav1.ObjectMeta
		Status   struct{ Conditions []metav1.Condition }
	}
	if err := json.Unmarshal(raw, &instance); err != nil {
		return false, err
	}
	for _, c := range instance.Status.Conditions {
		if c.Type == "Ready" {
			return c.Status == metav1.ConditionTrue && c.ObservedGeneration == instance.Metadata.Generation, nil
		}
	}
	return false, nil
}

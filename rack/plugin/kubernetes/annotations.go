package kubernetes

import (
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The annotations by which a program steers the provider.
// https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/
const (
	autonamedAnnotation         = "pulumi.com/autonamed"
	skipAwaitAnnotation         = "pulumi.com/skipAwait"
	waitForAnnotation           = "pulumi.com/waitFor"
	timeoutSecondsAnnotation    = "pulumi.com/timeoutSeconds"
	replaceUnreadyAnnotation    = "pulumi.com/replaceUnready"
	patchForceAnnotation        = "pulumi.com/patchForce"
	patchFieldManagerAnnotation = "pulumi.com/patchFieldManager"
	deletionPropagation         = "pulumi.com/deletionPropagationPolicy"
)

// defaultTimeout bounds the wait for a resource to be ready, or gone.
const defaultTimeout = 10 * time.Minute

// annotation is an annotation's value, or "" where it is absent or not known yet.
func annotation(object *unstructured.Unstructured, name string) string {
	metadata, _ := object.Object["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	value, _ := annotations[name].(string)
	return value
}

func isTrue(object *unstructured.Unstructured, name string) bool {
	return annotation(object, name) == "true"
}

// annotate sets an annotation, unless the metadata or its annotations are not known yet.
func annotate(object *unstructured.Unstructured, name, value string) {
	metadata, ok := object.Object["metadata"].(map[string]any)
	if !ok {
		return
	}
	if _, ok := metadata["annotations"]; !ok {
		metadata["annotations"] = map[string]any{}
	}
	if annotations, ok := metadata["annotations"].(map[string]any); ok {
		annotations[name] = value
	}
}

// timeoutOf is how long an operation may wait: the resource's custom timeout (seconds, 0 for none), else the
// annotation, else the default.
func timeoutOf(customSeconds float64, inputs *unstructured.Unstructured) time.Duration {
	if customSeconds != 0 {
		return time.Duration(customSeconds * float64(time.Second))
	}
	if seconds, err := strconv.Atoi(annotation(inputs, timeoutSecondsAnnotation)); err == nil {
		return time.Duration(seconds) * time.Second
	}
	return defaultTimeout
}

// propagationOf is how a deletion treats what the object owns: in the foreground, unless the annotation says else.
func propagationOf(inputs *unstructured.Unstructured) metav1.DeletionPropagation {
	switch strings.ToLower(annotation(inputs, deletionPropagation)) {
	case "orphan":
		return metav1.DeletePropagationOrphan
	case "background":
		return metav1.DeletePropagationBackground
	default:
		return metav1.DeletePropagationForeground
	}
}

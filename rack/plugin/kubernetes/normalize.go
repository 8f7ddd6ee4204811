package kubernetes

import (
	"encoding/base64"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
)

// readOnlyMetadata are the fields that the API server alone sets.
var readOnlyMetadata = []string{
	"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
	"resourceVersion", "uid",
}

// normalize writes an object of a built-in kind the way the API server does, so that two spellings of one thing (a
// CPU of 1 and of 1000m, stringData and data) are no difference. Custom resources stay as they are.
func normalize(object *unstructured.Unstructured) *unstructured.Unstructured {
	switch {
	case hasUnknowns(object.Object) || !builtIn(object.GroupVersionKind().GroupVersion()):
	case isDefinition(object):
		object = normalizeDefinition(object)
	case isCore(object, "Secret"):
		object = normalizeSecret(object)
	default:
		object = prune(spelledByServer(object), object)
	}
	for _, field := range readOnlyMetadata {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
	}
	return object
}

// spelledByServer takes the object through its Go type and back, which is what the API server does with it.
func spelledByServer(object *unstructured.Unstructured) *unstructured.Unstructured {
	typed, err := scheme.Scheme.New(object.GroupVersionKind())
	if err != nil {
		return object // not a kind with a Go type: nothing to rewrite
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, typed); err != nil {
		return object // not of the kind's shape: the API server will say what is wrong
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return object
	}
	return &unstructured.Unstructured{Object: fields}
}

// normalizeDefinition drops what the API server drops from a CustomResourceDefinition.
func normalizeDefinition(object *unstructured.Unstructured) *unstructured.Unstructured {
	if preserve, ok, _ := unstructured.NestedBool(object.Object, "spec", "preserveUnknownFields"); ok && !preserve {
		unstructured.RemoveNestedField(object.Object, "spec", "preserveUnknownFields")
	}
	unstructured.RemoveNestedField(object.Object, "status")
	return object
}

// normalizeSecret moves stringData into data, where it wins, and writes data as the API server encodes it.
func normalizeSecret(object *unstructured.Unstructured) *unstructured.Unstructured {
	data, _, _ := unstructured.NestedMap(object.Object, "data")
	texts, _, _ := unstructured.NestedStringMap(object.Object, "stringData")
	if len(data)+len(texts) == 0 {
		return object
	}
	if data == nil {
		data = map[string]any{}
	}
	for key, value := range data {
		encoded, _ := value.(string)
		if decoded, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			data[key] = base64.StdEncoding.EncodeToString(decoded)
		}
	}
	for key, text := range texts {
		data[key] = base64.StdEncoding.EncodeToString([]byte(text))
	}
	object.Object["data"] = data
	delete(object.Object, "stringData")
	return object
}

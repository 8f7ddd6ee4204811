package kubernetes

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// isNamed tells whether the program gave the object a name, known or not.
func isNamed(object *unstructured.Unstructured) bool {
	switch metadata := object.Object["metadata"].(type) {
	case resource.Computed:
		return true
	case map[string]any:
		name, ok := metadata["name"]
		text, isText := name.(string)
		return ok && name != nil && (!isText || text != "")
	}
	return false
}

func isAutonamed(object *unstructured.Unstructured) bool { return isTrue(object, autonamedAnnotation) }

// autoname names an object that has no name: after the resource, with eight random hexadecimal digits, so that a
// replacement can exist beside what it replaces. The engine may propose another name or refuse to have one made.
func autoname(
	object *unstructured.Unstructured, urn string, seed []byte, engine *pulumirpc.CheckRequest_AutonamingOptions,
) error {
	if isNamed(object) {
		return nil
	}
	name, err := resource.NewUniqueName(seed, resource.URN(urn).Name()+"-", 0, 0, nil)
	if err != nil {
		return err
	}
	switch engine.GetMode() {
	case pulumirpc.CheckRequest_AutonamingOptions_DISABLE:
		return errors.New("autonaming is disabled, resource requires the .metadata.name field to be set")
	case pulumirpc.CheckRequest_AutonamingOptions_ENFORCE, pulumirpc.CheckRequest_AutonamingOptions_PROPOSE:
		if engine.GetProposedName() != "" {
			name = engine.GetProposedName()
		}
	}
	setAutoname(object, name)
	return nil
}

// adoptAutoname keeps the name that an earlier run made, while the program still gives none.
func adoptAutoname(object, old *unstructured.Unstructured) {
	if !isNamed(object) && isAutonamed(old) {
		setAutoname(object, old.GetName())
	}
}

func setAutoname(object *unstructured.Unstructured, name string) {
	object.SetName(name)
	annotate(object, autonamedAnnotation, "true")
}

// usesGenerateName tells whether the program wants the API server to make up the name.
func usesGenerateName(object *unstructured.Unstructured) bool {
	metadata, _ := object.Object["metadata"].(map[string]any)
	prefix, ok := metadata["generateName"]
	return ok && prefix != "" && prefix != nil && !isNamed(object)
}

// id is how the engine knows an object: namespace/name, or the name alone.
func id(object *unstructured.Unstructured) string {
	if object.GetNamespace() == "" {
		return object.GetName()
	}
	return object.GetNamespace() + "/" + object.GetName()
}

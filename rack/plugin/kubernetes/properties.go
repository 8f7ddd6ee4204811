package kubernetes

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// dashed are the fields of a CustomResourceDefinition whose dashes Pulumi's SDKs write as underscores.
var dashed = map[string]string{
	"x_kubernetes_embedded_resource":       "x-kubernetes-embedded-resource",
	"x_kubernetes_int_or_string":           "x-kubernetes-int-or-string",
	"x_kubernetes_list_map_keys":           "x-kubernetes-list-map-keys",
	"x_kubernetes_list_type":               "x-kubernetes-list-type",
	"x_kubernetes_map_type":                "x-kubernetes-map-type",
	"x_kubernetes_preserve_unknown_fields": "x-kubernetes-preserve-unknown-fields",
	"x_kubernetes_validations":             "x-kubernetes-validations",
}

// toObject is the object that properties describe, without their secrecy. Unknown values stay in it as
// resource.Computed, which only a preview may meet.
func toObject(properties resource.PropertyMap) *unstructured.Unstructured {
	withDashes := func(key string) (string, bool) {
		name, ok := dashed[key]
		return name, ok
	}
	var open func(resource.PropertyValue) (any, bool)
	open = func(value resource.PropertyValue) (any, bool) {
		if value.IsSecret() {
			return value.SecretValue().Element.MapRepl(withDashes, open), true
		}
		return nil, false
	}
	return &unstructured.Unstructured{Object: properties.MapRepl(withDashes, open)}
}

// toProperties is the reverse of toObject; nothing in it is secret yet.
func toProperties(object map[string]any) resource.PropertyMap {
	underscored := func(key string) (resource.PropertyKey, bool) {
		for name, dashes := range dashed {
			if key == dashes {
				return resource.PropertyKey(name), true
			}
		}
		return "", false
	}
	return resource.NewPropertyMapFromMapRepl(object, underscored, nil)
}

// hasUnknowns tells whether any value of the object is not known yet.
func hasUnknowns(value any) bool {
	switch v := value.(type) {
	case resource.Computed:
		return true
	case map[string]any:
		for _, item := range v {
			if hasUnknowns(item) {
				return true
			}
		}
	case []any:
		for _, item := range v {
			if hasUnknowns(item) {
				return true
			}
		}
	}
	return false
}

// markSecrets makes secret in outs what is secret in ins, and the content of every Secret. Two objects are compared
// field by field; any other value that holds a secret becomes one as a whole.
func markSecrets(outs, ins resource.PropertyMap) {
	if outs == nil {
		return
	}
	if kind, ok := outs["kind"]; ok && kind.IsString() && kind.StringValue() == "Secret" {
		for _, key := range []resource.PropertyKey{"data", "stringData"} {
			if value, ok := outs[key]; ok && !value.IsSecret() {
				outs[key] = resource.MakeSecret(value)
			}
		}
		return
	}
	for key, in := range ins {
		out, ok := outs[key]
		switch {
		case !ok || out.IsSecret():
		case out.IsObject() && in.IsObject():
			markSecrets(out.ObjectValue(), in.ObjectValue())
		case in.ContainsSecrets():
			outs[key] = resource.MakeSecret(out)
		}
	}
}

// The keys of the state beside the object's own: the inputs that made it, the API version that it was made with and
// the field manager that owns its fields.
const (
	inputsKey            = "__inputs"
	initialAPIVersionKey = "__initialApiVersion"
	fieldManagerKey      = "__fieldManager"
)

// state is what a resource keeps between runs.
type state struct {
	inputs, live      *unstructured.Unstructured
	initialAPIVersion string
	fieldManager      string
}

// properties lays the state out for the engine, with what was secret in the program's inputs secret again.
func (s state) properties(given resource.PropertyMap) resource.PropertyMap {
	outputs, inputs := toProperties(s.live.Object), toProperties(s.inputs.Object)
	markSecrets(outputs, given)
	markSecrets(inputs, given)

	outputs[inputsKey] = resource.NewObjectProperty(inputs)
	outputs[initialAPIVersionKey] = resource.NewStringProperty(s.initialAPIVersion)
	outputs[fieldManagerKey] = resource.NewStringProperty(s.fieldManager)
	return outputs
}

// parseState reads a state back.
func parseState(properties resource.PropertyMap) state {
	all := toObject(properties).Object
	inputs, _ := all[inputsKey].(map[string]any)
	if inputs == nil {
		inputs = map[string]any{}
	}
	parsed := state{inputs: &unstructured.Unstructured{Object: inputs}, live: &unstructured.Unstructured{Object: all}}
	parsed.initialAPIVersion, _ = all[initialAPIVersionKey].(string)
	parsed.fieldManager, _ = all[fieldManagerKey].(string)
	if parsed.initialAPIVersion == "" {
		parsed.initialAPIVersion = parsed.inputs.GetAPIVersion()
	}
	for _, key := range []string{inputsKey, initialAPIVersionKey, fieldManagerKey} {
		delete(all, key)
	}
	return parsed
}

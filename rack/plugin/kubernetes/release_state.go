package kubernetes

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"github.com/home-ops/home-ops/rack/plugin/kubernetes/release"
)

// stateOf lays a release out for the engine, with the inputs that made it as a secret beside it.
func stateOf(inputs resource.PropertyMap, r *release.Release) resource.PropertyMap {
	state := likeInputs(r, inputs)
	state[inputsKey] = resource.MakeSecret(resource.NewObjectProperty(inputs))
	return state
}

// previewOf is the state before there is one: only the cluster can tell the rest.
func previewOf(inputs resource.PropertyMap, r *release.Release) resource.PropertyMap {
	state := stateOf(inputs, r)
	state["resourceNames"] = resource.MakeComputed(resource.NewStringProperty(""))
	state["status"] = resource.MakeComputed(resource.NewStringProperty(""))
	return state
}

// inputsOf are the inputs that a state holds; nil when it has none, before an import.
func inputsOf(state resource.PropertyMap) resource.PropertyMap {
	inputs, ok := state[inputsKey]
	if !ok {
		return nil
	}
	if inputs.IsSecret() {
		inputs = inputs.SecretValue().Element
	}
	if !inputs.IsObject() {
		return nil
	}
	return inputs.ObjectValue()
}

// likeInputs are a release's properties, secret and unknown where the inputs are.
func likeInputs(r *release.Release, inputs resource.PropertyMap) resource.PropertyMap {
	properties := resource.NewPropertyMap(r)
	for key, input := range inputs {
		if property, ok := properties[key]; ok {
			properties[key] = markUnknowns(property, input)
		}
	}
	markSecrets(properties, inputs)
	return properties
}

// markUnknowns makes unknown what is unknown in the input.
func markUnknowns(property, input resource.PropertyValue) resource.PropertyValue {
	switch {
	case input.IsSecret():
		return markUnknowns(property, input.SecretValue().Element)
	case input.IsComputed():
		return resource.MakeComputed(resource.NewStringProperty(""))
	case property.IsObject() && input.IsObject():
		fields := property.ObjectValue()
		for key, inner := range input.ObjectValue() {
			if field, ok := fields[key]; ok {
				fields[key] = markUnknowns(field, inner)
			}
		}
	case property.IsArray() && input.IsArray():
		items := property.ArrayValue()
		for i := range min(len(items), len(input.ArrayValue())) {
			items[i] = markUnknowns(items[i], input.ArrayValue()[i])
		}
	}
	return property
}

// openOf is what the properties say, without their secrecy; an unknown stays a resource.Computed.
func openOf(properties resource.PropertyMap) map[string]any {
	var open func(resource.PropertyValue) (any, bool)
	open = func(value resource.PropertyValue) (any, bool) {
		if value.IsSecret() {
			return value.SecretValue().Element.MapRepl(nil, open), true
		}
		return nil, false
	}
	return properties.MapRepl(nil, open)
}

// knownOf is openOf with null for what is unknown.
func knownOf(properties resource.PropertyMap) map[string]any {
	var known func(resource.PropertyValue) (any, bool)
	known = func(value resource.PropertyValue) (any, bool) {
		switch {
		case value.IsSecret():
			return value.SecretValue().Element.MapRepl(nil, known), true
		case value.IsComputed():
			return nil, true
		}
		return nil, false
	}
	return properties.MapRepl(nil, known)
}

package talos

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// plan is what a resource will look like once its inputs are applied, as Terraform's plan is for the genuine
// provider: known where it can be known, unknown where only the apply can tell.
type plan struct {
	inputs   resource.PropertyMap
	prior    resource.PropertyMap // nil for a resource that does not exist yet
	planned  resource.PropertyMap
	replaces []resource.PropertyKey
	warnings []string
}

// unknown is a value that only the apply can tell.
func unknown() resource.PropertyValue {
	return resource.MakeComputed(resource.NewStringProperty(""))
}

// newPlan makes the plan that follows from the schema alone: inputs as they are, defaults, and the computed
// attributes. Those keep their old value when nothing changes; when anything does, they become unknown, but for
// the stable ones.
// https://developer.hashicorp.com/terraform/plugin/framework/resources/plan-modification
func newPlan(attributes shape, inputs, prior resource.PropertyMap) *plan {
	p := &plan{inputs: inputs, prior: prior, planned: resource.PropertyMap{}}

	for key, attribute := range attributes.fields {
		value := attribute.withDefaults(inputs[key])
		if value.IsNull() && attribute.computed {
			value = prior[key]
		}
		if !value.IsNull() {
			p.planned[key] = value
		}
	}

	if !p.changed(attributes) {
		return p
	}
	for key, attribute := range attributes.fields {
		given := !inputs[key].IsNull() || attribute.byDefault.V != nil
		kept := attribute.stable && !prior[key].IsNull()
		if attribute.computed && !given && !kept {
			p.planned[key] = unknown()
		}
	}
	return p
}

// changed tells whether the plan differs from what exists. A resource that does not exist yet always does.
func (p *plan) changed(attributes shape) bool {
	return p.prior == nil || len(p.changedKeys(attributes)) > 0
}

// changedKeys are the attributes that the plan would change, in order.
func (p *plan) changedKeys(attributes shape) []resource.PropertyKey {
	var keys []resource.PropertyKey
	for _, key := range sorted(attributes.fields) {
		if !p.planned[key].DeepEquals(p.prior[key]) {
			keys = append(keys, key)
		}
	}
	return keys
}

// isUnknown tells whether an input is not known yet, or lies inside one that is not.
func (p *plan) isUnknown(keys ...resource.PropertyKey) bool {
	return slices.ContainsFunc(keys, func(key resource.PropertyKey) bool {
		return p.inputs[key].IsComputed() || p.inputs[key].IsOutput()
	})
}

// endpointFollowsNode plans the endpoint as the node's own address where the program gave none.
func (p *plan) endpointFollowsNode() {
	if p.inputs["endpoint"].IsNull() && !p.isUnknown("node") {
		p.planned["endpoint"] = p.inputs["node"]
	}
}

// textAt is the string at a path of the map, or "" when there is none.
func textAt(m resource.PropertyMap, path ...resource.PropertyKey) string {
	value := at(m, path...)
	if !value.IsString() {
		return ""
	}
	return value.StringValue()
}

// boolAt is the boolean at a path of the map, or false when there is none.
func boolAt(m resource.PropertyMap, path ...resource.PropertyKey) bool {
	value := at(m, path...)
	return value.IsBool() && value.BoolValue()
}

func at(m resource.PropertyMap, path ...resource.PropertyKey) resource.PropertyValue {
	value := resource.NewObjectProperty(m)
	for _, key := range path {
		if !value.IsObject() {
			return resource.NewNullProperty()
		}
		value = value.ObjectValue()[key]
	}
	return value
}

// textsAt is the list of strings under a key. It is not known when any of them is not.
func textsAt(m resource.PropertyMap, key resource.PropertyKey) (texts []string, known bool) {
	value := m[key]
	if value.IsComputed() || value.IsOutput() {
		return nil, false
	}
	if !value.IsArray() {
		return nil, true
	}
	for _, item := range value.ArrayValue() {
		switch {
		case item.IsComputed() || item.IsOutput():
			return nil, false
		case item.IsString():
			texts = append(texts, item.StringValue())
		default:
			texts = append(texts, "")
		}
	}
	return texts, true
}

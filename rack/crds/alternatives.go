package main

import (
	"slices"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/controller-tools/pkg/markers"
)

// The markers of Cilium's fork of controller-tools: of the fields of a type that are marked so, one, or any, must be set.
// https://github.com/cilium/controller-tools
const (
	oneOf = "kubebuilder:validation:OneOf"
	anyOf = "kubebuilder:validation:AnyOf"
)

// registerAlternatives makes the fork's markers known.
func registerAlternatives(into *markers.Registry) error {
	for _, name := range []string{oneOf, anyOf} {
		definition, err := markers.MakeDefinition(name, markers.DescribesField, struct{}{})
		if err != nil {
			return err
		}
		if err := into.Register(definition); err != nil {
			return err
		}
	}
	return nil
}

// complete gives a type what the generator overlooks: fields that are left out when zero are optional, as those are that
// are left out when empty; and the fork's alternatives.
func complete(info *markers.TypeInfo) {
	alternatives := map[string]required{}
	for i, field := range info.Fields {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if slices.Contains(strings.Split(options, ","), "omitzero") {
			info.Fields[i].Markers["kubebuilder:validation:Optional"] = []any{struct{}{}}
		}
		for _, kind := range []string{oneOf, anyOf} {
			if field.Markers.Get(kind) != nil {
				alternatives[kind] = required{kind, append(alternatives[kind].fields, name)}
			}
		}
	}
	for kind, fields := range alternatives {
		info.Markers[kind] = []any{fields}
	}
}

// required is a marker of a type: one of the fields, or any of them, must be set.
type required struct {
	kind   string
	fields []string
}

// ApplyToSchema is how the generator hands the schema to a marker.
func (r required) ApplyToSchema(schema *apiextensions.JSONSchemaProps) error { //nolint:unparam // the generator wants an error
	for _, field := range r.fields {
		alternative := apiextensions.JSONSchemaProps{
			Properties: map[string]apiextensions.JSONSchemaProps{field: {}}, Required: []string{field},
		}
		if r.kind == oneOf {
			schema.OneOf = append(schema.OneOf, alternative)
		} else {
			schema.AnyOf = append(schema.AnyOf, alternative)
		}
	}
	return nil
}

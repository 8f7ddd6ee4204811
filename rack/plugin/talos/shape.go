package talos

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/exp/maps"
)

// valueType is the type of one attribute, in the words of the provider's schema.
type valueType string

const (
	stringType  valueType = "string"
	boolType    valueType = "boolean"
	integerType valueType = "integer"
	listType    valueType = "array"
	objectType  valueType = "object"
)

// shape is the schema of one attribute: what the genuine provider's schema.json and Terraform schema say of it.
type shape struct {
	valueType valueType
	// fields are the attributes of an object.
	fields map[resource.PropertyKey]shape
	// items is the element of a list.
	items *shape
	// required inputs must be given. computed attributes are the provider's to fill when they are not given.
	required, computed bool
	// secret attributes leave the provider as secrets, whatever they came in as.
	secret bool
	// stable attributes keep their old value through an update; other computed ones become unknown.
	stable bool
	// byDefault is the value of a computed attribute that was not given.
	byDefault resource.PropertyValue
}

func text() shape { return shape{valueType: stringType} }
func flag() shape { return shape{valueType: boolType} }
func list(items shape) shape {
	return shape{valueType: listType, items: &items}
}

func object(fields map[resource.PropertyKey]shape) shape {
	return shape{valueType: objectType, fields: fields}
}

func (s shape) isRequired() shape { s.required = true; return s }
func (s shape) isComputed() shape { s.computed = true; return s }
func (s shape) isSecret() shape   { s.secret = true; return s }
func (s shape) isStable() shape   { s.stable = true; return s }

func (s shape) defaultsTo(v resource.PropertyValue) shape {
	s.computed, s.byDefault = true, v
	return s
}

// problem is an input that the schema refuses: where it is, and why.
type problem struct {
	path   string
	reason string
}

// check tells every input that is missing or of the wrong type. Unknown values are taken to be right.
func (s shape) check(path string, value resource.PropertyValue) []problem {
	switch {
	case value.IsComputed() || value.IsOutput():
		return nil
	case value.IsNull():
		if s.required {
			return []problem{{path, fmt.Sprintf("Missing required property %q", path)}}
		}
		return nil
	case !s.accepts(value):
		return []problem{{path, fmt.Sprintf("%s: expected %s, got %s", path, s.valueType, value.TypeString())}}
	}

	var problems []problem
	switch s.valueType {
	case objectType:
		for _, key := range sorted(s.fields) {
			field := s.fields[key]
			problems = append(problems, field.check(join(path, string(key)), value.ObjectValue()[key])...)
		}
	case listType:
		for i, item := range value.ArrayValue() {
			problems = append(problems, s.items.check(fmt.Sprintf("%s[%d]", path, i), item)...)
		}
	}
	return problems
}

func (s shape) accepts(value resource.PropertyValue) bool {
	switch s.valueType {
	case stringType:
		return value.IsString()
	case boolType:
		return value.IsBool()
	case integerType:
		return value.IsNumber()
	case listType:
		return value.IsArray()
	default:
		return value.IsObject()
	}
}

// markSecrets is the value with every attribute that the schema calls sensitive made a secret, and what the schema
// does not know dropped.
func (s shape) markSecrets(value resource.PropertyValue) resource.PropertyValue {
	marked := value
	switch {
	case value.IsComputed() || value.IsOutput():
	case s.valueType == objectType && value.IsObject():
		fields := resource.PropertyMap{}
		for key, field := range s.fields {
			if v, ok := value.ObjectValue()[key]; ok && !v.IsNull() {
				fields[key] = field.markSecrets(v)
			}
		}
		marked = resource.NewObjectProperty(fields)
	case s.valueType == listType && value.IsArray():
		items := make([]resource.PropertyValue, 0, len(value.ArrayValue()))
		for _, item := range value.ArrayValue() {
			items = append(items, s.items.markSecrets(item))
		}
		marked = resource.NewArrayProperty(items)
	}
	if s.secret {
		return resource.MakeSecret(marked)
	}
	return marked
}

// withDefaults fills the nested attributes that have a default, where their object was given.
func (s shape) withDefaults(value resource.PropertyValue) resource.PropertyValue {
	if value.IsNull() && s.byDefault.V != nil {
		return s.byDefault
	}
	if s.valueType != objectType || !value.IsObject() {
		return value
	}
	fields := resource.PropertyMap{}
	for key, field := range s.fields {
		if v := field.withDefaults(value.ObjectValue()[key]); !v.IsNull() {
			fields[key] = v
		}
	}
	return resource.NewObjectProperty(fields)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func sorted(fields map[resource.PropertyKey]shape) []resource.PropertyKey {
	keys := maps.Keys(fields)
	slices.Sort(keys)
	return keys
}

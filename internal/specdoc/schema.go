package specdoc

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// SchemaPath is where the schema lies in the project: stack files name it in their first line.
const SchemaPath = "spec/schema/stack.schema.json"

// draft is the newest version of JSON Schema that every release of yaml-language-server reads
// (https://github.com/redhat-developer/yaml-language-server#language-server-settings).
const draft = "http://json-schema.org/draft-07/schema#"

// schema is one JSON Schema. The order of the fields is that of the file.
type schema struct {
	Schema      string `json:"$schema,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Ref         string `json:"$ref,omitempty"`
	Type        any    `json:"type,omitempty"`
	Enum        []any  `json:"enum,omitempty"`
	Pattern     string `json:"pattern,omitempty"`
	// PatternErrorMessage is what yaml-language-server shows instead of the pattern.
	PatternErrorMessage string     `json:"patternErrorMessage,omitempty"`
	Minimum             *int64     `json:"minimum,omitempty"`
	Maximum             *int64     `json:"maximum,omitempty"`
	Items               *schema    `json:"items,omitempty"`
	MinItems            *int64     `json:"minItems,omitempty"`
	MaxItems            *int64     `json:"maxItems,omitempty"`
	Properties          properties `json:"properties,omitempty"`
	PatternProperties   properties `json:"patternProperties,omitempty"`
	// AdditionalProperties is false or a *schema.
	AdditionalProperties any        `json:"additionalProperties,omitempty"`
	Required             []string   `json:"required,omitempty"`
	AllOf                []*schema  `json:"allOf,omitempty"`
	AnyOf                []*schema  `json:"anyOf,omitempty"`
	Default              any        `json:"default,omitempty"`
	Examples             []any      `json:"examples,omitempty"`
	Definitions          properties `json:"definitions,omitempty"`
}

// properties keeps keys in the order in which they were added.
type properties []property

type property struct {
	key   string
	value *schema
}

// MarshalJSON implements json.Marshaler.
func (ps properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range ps {
		if i > 0 {
			b.WriteByte(',')
		}
		for _, part := range []any{p.key, p.value} {
			data, err := encode(part, "")
			if err != nil {
				return nil, err
			}
			b.Write(bytes.TrimSpace(data))
			if part == any(p.key) {
				b.WriteByte(':')
			}
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode writes JSON without turning < and & into escapes, which nobody needs in a file.
func encode(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	err := enc.Encode(v)
	return b.Bytes(), err
}

// Schema is the JSON Schema of a whole stack file, ready to be written to [SchemaPath].
func (m *Model) Schema() ([]byte, error) {
	root := &schema{
		Schema:      draft,
		Title:       "Stack file of " + spec.Namespace,
		Description: "Pulumi.STACK.yaml: everything that is to be known of one cluster. See docs/stack-file.md.",
		Type:        "object",
		Properties: properties{
			{"config", m.config()},
			{"secretsprovider", text("How Pulumi encrypts this stack's secrets: passphrase, or the URL of a key at a cloud.")},
			{"encryptionsalt", text("Written by Pulumi, for the passphrase.")},
			{"encryptedkey", text("Written by Pulumi, for a key at a cloud.")},
			{"environment", &schema{Description: "Pulumi ESC environments that the configuration is taken from."}},
		},
		AdditionalProperties: false,
		Required:             []string{"config"},
	}
	root.Definitions = append(root.Definitions, property{"secret", &schema{
		Description:          "A Pulumi secret, as `pulumi config set --secret` writes it.",
		Type:                 "object",
		Properties:           properties{{"secure", text("The encrypted value.")}},
		AdditionalProperties: false,
		Required:             []string{"secure"},
	}})
	for _, o := range m.Objects {
		root.Definitions = append(root.Definitions, property{o.Name, objectSchema(o)})
	}
	return encode(root, "  ")
}

func text(description string) *schema { return &schema{Description: description, Type: "string"} }

// config is the schema of the configuration keys: the stack's own, secrets, and those of providers.
func (m *Model) config() *schema {
	out := objectSchema(m.Stack)
	out.Description = "The stack's configuration. Keys of other namespaces belong to Pulumi's providers."
	// Pulumi also takes our keys without the namespace. As patterns they are accepted and not proposed.
	for i, p := range out.Properties {
		out.PatternProperties = append(out.PatternProperties, property{"^" + p.key + "$", p.value})
		out.Properties[i].key = prefixed(p.key)
	}
	for _, key := range out.Required {
		out.AllOf = append(out.AllOf, &schema{AnyOf: []*schema{{Required: []string{prefixed(key)}}, {Required: []string{key}}}})
	}
	out.Required = nil
	out.PatternProperties = append(out.PatternProperties,
		property{`^(` + otherThan(spec.Namespace) + `):`, &schema{Description: "A setting of a Pulumi provider."}})
	// What is left is a key of our namespace that is no object of the stack: a secret, or a mistake.
	out.AdditionalProperties = &schema{Ref: "#/definitions/secret"}
	return out
}

func prefixed(key string) string { return spec.Namespace + ":" + key }

// otherThan is a pattern for the words without a colon that are not word, in the regular expressions that
// all validators share, which have no negation.
func otherThan(word string) string {
	out := []string{""}
	for i := range len(word) {
		out = append(out, word[:i]+"[^:"+word[i:i+1]+"][^:]*")
		if i > 0 {
			out = append(out, word[:i])
		}
	}
	out = append(out, word+"[^:]+")
	return strings.Join(out[1:], "|")
}

func objectSchema(o *Object) *schema {
	out := &schema{Description: plain(o.Doc), Type: "object", AdditionalProperties: false}
	for _, f := range o.Fields {
		s := typeSchema(f.Type)
		if f.Form != nil {
			texts := s
			if f.Type.Kind == List {
				texts = s.Items
			}
			texts.Pattern, texts.PatternErrorMessage = f.Form.Pattern, "Write "+f.Form.Hint+"."
		}
		s.Description = plain(f.Doc)
		s.Default = f.Default
		if f.Example != nil {
			s.Examples = []any{f.Example}
		}
		switch {
		case f.Type.Kind == List:
			s.MinItems, s.MaxItems = f.Min, f.Max
		case f.Min != nil || f.Max != nil:
			s.Minimum, s.Maximum = f.Min, f.Max
		}
		out.Properties = append(out.Properties, property{f.Key, s})
		if f.Required {
			out.Required = append(out.Required, f.Key)
		}
	}
	return out
}

func typeSchema(t *Type) *schema {
	switch t.Kind {
	case Struct:
		return &schema{Ref: "#/definitions/" + t.Object.Name}
	case List:
		return &schema{Type: "array", Items: typeSchema(t.Elem)}
	case Map:
		values := typeSchema(t.Elem)
		if _, formed := spec.FormOf(t.Elem.Go); t.Elem.isText() && !formed {
			values = &schema{Type: []string{"string", "integer", "boolean"}}
		}
		return &schema{Type: "object", AdditionalProperties: values}
	case Free:
		return &schema{}
	}
	out := &schema{Type: "string"}
	switch t.Go.Kind() {
	case reflect.Bool:
		out.Type = "boolean"
	case reflect.Int:
		out.Type = "integer"
	case reflect.Uint32:
		lowest, highest := int64(0), int64(1<<32-1)
		out.Type, out.Minimum, out.Maximum = "integer", &lowest, &highest
	}
	if f, ok := spec.FormOf(t.Go); ok {
		out.Type, out.Pattern, out.PatternErrorMessage = "string", f.Pattern, "Write "+f.Hint+"."
	}
	for _, v := range slices.All(t.Values) {
		out.Enum = append(out.Enum, v)
	}
	return out
}

package gitops

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// definition is the part of a CustomResourceDefinition that says what its kind looks like.
type definition struct {
	Spec struct {
		Group string `json:"group"`
		Names struct {
			Kind string `json:"kind"`
		} `json:"names"`
		Versions []struct {
			Name   string `json:"name"`
			Schema struct {
				OpenAPIV3Schema map[string]any `json:"openAPIV3Schema"`
			} `json:"schema"`
		} `json:"versions"`
	} `json:"spec"`
}

// AddDefinitions adds the CustomResourceDefinitions of a file system, in files that are named
// PLURAL.GROUP.yaml, as `go run -C rack/crds . -out DIR` writes them. They are read when an
// object of their group is met: there are many, and the tree has few kinds.
func (k *Kinds) AddDefinitions(files fs.FS) { k.definitions = append(k.definitions, files) }

// schemaOf is the form of a kind, or nil when no definition says.
func (k *Kinds) schemaOf(kind schema.GroupVersionKind) (*crdSchema, error) {
	if !k.read[kind.Group] {
		k.read[kind.Group] = true
		for _, files := range k.definitions {
			if err := k.readGroup(files, kind.Group); err != nil {
				return nil, err
			}
		}
	}
	s := k.schemas[kind]
	if s == nil || s.compiled != nil {
		return s, nil
	}
	return s, s.compile(kind.String())
}

func (k *Kinds) readGroup(files fs.FS, group string) error {
	return fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, "."+group+".yaml") {
			return err
		}
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		var d definition
		if err := yaml.Unmarshal(raw, &d); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, version := range d.Spec.Versions {
			kind := schema.GroupVersionKind{Group: d.Spec.Group, Version: version.Name, Kind: d.Spec.Names.Kind}
			k.schemas[kind] = &crdSchema{openAPI: version.Schema.OpenAPIV3Schema}
		}
		return nil
	})
}

// crdSchema is what objects of a kind look like.
type crdSchema struct {
	openAPI  map[string]any
	compiled *jsonschema.Schema
}

func (s *crdSchema) compile(name string) error {
	closeObjects(s.openAPI)
	// What every object has; the API server checks it, not the kind's schema.
	if properties, ok := s.openAPI["properties"].(map[string]any); ok {
		for _, key := range []string{"apiVersion", "kind", "metadata"} {
			properties[key] = true
		}
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("kind.json", s.openAPI); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	compiled, err := compiler.Compile("kind.json")
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	s.compiled = compiled
	return nil
}

// closeObjects makes a JSON Schema out of OpenAPI's dialect, in which a field that is not
// named is an error: the API server drops such a field, and nobody would know.
func closeObjects(node any) {
	switch n := node.(type) {
	case map[string]any:
		for key, below := range n {
			// Such a part says more of the same object, and does not name all of its fields.
			if key != "allOf" && key != "anyOf" && key != "oneOf" && key != "not" {
				closeObjects(below)
			}
		}
		if n["x-kubernetes-int-or-string"] == true {
			delete(n, "type")
		}
		if n["nullable"] == true {
			if kind, ok := n["type"].(string); ok {
				n["type"] = []any{kind, "null"}
			}
		}
		// Formats are words of Go and OpenAPI that JSON Schema gives other meanings.
		if _, ok := n["format"].(string); ok {
			delete(n, "format")
		}
		_, named := n["properties"].(map[string]any)
		_, others := n["additionalProperties"]
		if named && !others && n["x-kubernetes-preserve-unknown-fields"] != true && n["x-kubernetes-embedded-resource"] != true {
			n["additionalProperties"] = false
		}
	case []any:
		for _, below := range n {
			closeObjects(below)
		}
	}
}

func (s *crdSchema) check(o Object) error {
	raw, err := json.Marshal(o.Object)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Where(), err)
	}
	plain, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		return fmt.Errorf("%s: %w", o.Where(), err)
	}
	var failed *jsonschema.ValidationError
	if err := s.compiled.Validate(plain); errors.As(err, &failed) {
		return fmt.Errorf("%s: %s", o.Where(), leaf(failed))
	}
	return nil
}

// leaf is the first thing that is really wrong, without the way to it.
func leaf(e *jsonschema.ValidationError) string {
	for len(e.Causes) > 0 {
		e = e.Causes[0]
	}
	where := strings.Join(e.InstanceLocation, ".")
	text := e.Error()
	return where + ": " + text[strings.LastIndex(text, ": ")+2:]
}

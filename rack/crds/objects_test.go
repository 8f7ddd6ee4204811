package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// kinds are the schemas of every definition, by API version and kind.
func kinds(t *testing.T) map[string]*apiextensions.JSONSchemaProps {
	t.Helper()
	all, err := written()
	if err != nil {
		t.Fatal(err)
	}
	schemas := map[string]*apiextensions.JSONSchemaProps{}
	for _, definitions := range all {
		for _, d := range definitions {
			for _, version := range d.Spec.Versions {
				var internal apiextensions.JSONSchemaProps
				err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, &internal, nil)
				if err != nil {
					t.Fatal(err)
				}
				schemas[d.Spec.Group+"/"+version.Name+" "+d.Spec.Names.Kind] = &internal
			}
		}
	}
	return schemas
}

// TestDefinitions_TakeTheProgramsObjects holds what the components plan against the schemas.
func TestDefinitions_TakeTheProgramsObjects(t *testing.T) {
	files, err := filepath.Glob("../../components/*/testdata/plan/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no plans (%v)", err)
	}
	schemas, checked := kinds(t), 0
	for _, file := range files {
		for _, step := range documents(t, file) {
			content, planned := step.Object["object"].(map[string]any)
			if !planned {
				continue // a release, or a download
			}
			object := &unstructured.Unstructured{Object: content}
			s, ok := schemas[object.GetAPIVersion()+" "+object.GetKind()]
			if !ok {
				continue
			}
			checked++
			where := strings.TrimPrefix(file, "../../") + ": " + object.GetKind() + " " + object.GetName() + ":"
			for _, path := range unknown(t, s, object) {
				t.Error(where, "unknown field", path)
			}
			dropNulls(object.Object) // as the program's bridge to Kubernetes does
			delete(object.Object, "status")
			validator, _, err := validation.NewSchemaValidator(s)
			if err != nil {
				t.Fatal(err)
			}
			for _, problem := range validation.ValidateCustomResource(nil, object.Object, validator) {
				t.Error(where, problem)
			}
		}
	}
	if checked == 0 {
		t.Error("none of the objects is of a kind that is defined here")
	}
}

// TestDefinitions_KnowTheTreesFields looks only at the names of fields: values may be settings that Flux fills in.
func TestDefinitions_KnowTheTreesFields(t *testing.T) {
	schemas, checked := kinds(t), 0
	err := filepath.WalkDir("../../kubernetes", func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(file) != ".yaml" || strings.HasSuffix(file, ".patch.yaml") {
			return err
		}
		for _, object := range documents(t, file) {
			if s, ok := schemas[object.GetAPIVersion()+" "+object.GetKind()]; ok {
				checked++
				for _, path := range unknown(t, s, object) {
					t.Errorf("%s: %s %s: unknown field %s", strings.TrimPrefix(file, "../../"), object.GetKind(), object.GetName(), path)
				}
			}
		}
		return nil
	})
	if err != nil || checked == 0 {
		t.Errorf("nothing of the tree is of a kind that is defined here (%v)", err)
	}
}

// unknown are the fields that an API server would drop.
func unknown(t *testing.T, s *apiextensions.JSONSchemaProps, object *unstructured.Unstructured) []string {
	t.Helper()
	structural, err := schema.NewStructural(s)
	if err != nil {
		t.Fatal(err)
	}
	return pruning.PruneWithOptions(object.DeepCopy().Object, structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
}

// documents are the objects in a file of YAML.
func documents(t *testing.T, file string) []*unstructured.Unstructured {
	t.Helper()
	content, err := os.ReadFile(filepath.Clean(file))
	if err != nil {
		t.Fatal(err)
	}
	var objects []*unstructured.Unstructured
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096); ; {
		object := &unstructured.Unstructured{}
		err := decoder.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Logf("%s: %v", file, err) // no mapping: a patch, or values
			return objects
		}
		if object.Object != nil {
			objects = append(objects, object)
		}
	}
}

func dropNulls(object map[string]any) {
	for key, value := range object {
		switch value := value.(type) {
		case nil:
			delete(object, key)
		case map[string]any:
			dropNulls(value)
		case []any:
			for _, item := range value {
				if item, ok := item.(map[string]any); ok {
					dropNulls(item)
				}
			}
		}
	}
}

package main

import (
	"fmt"
	"os"
	"path/filepath"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// write replaces what is in the folder with the definitions, one file each, named as the definition is.
func write(dir string, definitions []apiextensions.CustomResourceDefinition) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, definition := range definitions {
		definition.TypeMeta = metav1.TypeMeta{APIVersion: apiextensions.SchemeGroupVersion.String(), Kind: "CustomResourceDefinition"}
		object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&definition)
		if err != nil {
			return fmt.Errorf("%s: %w", definition.Name, err)
		}
		// What the API server writes is not for us to say.
		delete(object, "status")
		delete(object["metadata"].(map[string]any), "creationTimestamp")
		content, err := yaml.Marshal(object)
		if err != nil {
			return fmt.Errorf("%s: %w", definition.Name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, definition.Name+".yaml"), content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

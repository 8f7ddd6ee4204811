package diff

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"
)

// documents are the YAML documents of a file.
func documents(path string, content []byte) ([]map[string]any, error) {
	var all []map[string]any
	for decoder := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var document map[string]any
		switch err := decoder.Decode(&document); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if len(document) > 0 {
			all = append(all, document)
		}
	}
}

// text is the value of a key that holds a text.
func text(document map[string]any, keys ...string) string {
	for _, key := range keys[:len(keys)-1] {
		document, _ = document[key].(map[string]any)
	}
	value, _ := document[keys[len(keys)-1]].(string)
	return value
}

// called names a Kubernetes object: KIND NAMESPACE/NAME, with its group where it has one.
func called(object map[string]any) string {
	name := text(object, "metadata", "name")
	if namespace := text(object, "metadata", "namespace"); namespace != "" {
		name = namespace + "/" + name
	}
	return text(object, "kind") + " " + name
}

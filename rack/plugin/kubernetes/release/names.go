package release

import (
	"errors"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// resourceNames are the objects of a manifest, by Kind.group/apiVersion, each list sorted and without doubles.
func resourceNames(manifest string) (map[string][]string, error) {
	names := map[string][]string{}
	documents := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifest), 4096)
	for {
		var object unstructured.Unstructured
		err := documents.Decode(&object.Object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if object.GetKind() == "" {
			continue // a template that rendered to nothing
		}
		name := object.GetName()
		if namespace := object.GetNamespace(); namespace != "" {
			name = namespace + "/" + name
		}
		kind := object.GroupVersionKind().GroupKind().String() + "/" + object.GetAPIVersion()
		names[kind] = append(names[kind], name)
	}
	for kind, list := range names {
		slices.Sort(list)
		names[kind] = slices.Compact(list)
	}
	return names, nil
}

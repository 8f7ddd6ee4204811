package tree

import (
	"encoding/json"
	"errors"
	"fmt"

	"sigs.k8s.io/yaml"
)

// Root is the Kustomization with which a tree begins. Flux's operator makes it of the
// values of the chart flux-instance: of the path, and of the patches for Kustomizations.
func Root(chart map[string]any) (*Kustomization, error) {
	raw, err := json.Marshal(chart)
	if err != nil {
		return nil, fmt.Errorf("flux values: %w", err)
	}
	var values struct {
		Instance struct {
			Sync      struct{ Path string }
			Kustomize struct{ Patches []Patch }
		}
	}
	if err := json.Unmarshal(raw, &values); err != nil {
		return nil, fmt.Errorf("flux values: %w", err)
	}
	k := &Kustomization{}
	var errs []error
	for _, patch := range values.Instance.Kustomize.Patches {
		if patch.Target["kind"] == "Kustomization" {
			errs = append(errs, yaml.UnmarshalStrict([]byte(patch.Patch), k))
		}
	}
	// The operator calls it, and its source, by the namespace.
	k.Name, k.Namespace, k.Spec.Path = "flux-system", "flux-system", values.Instance.Sync.Path
	return k, errors.Join(errs...)
}

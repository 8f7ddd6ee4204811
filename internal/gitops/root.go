package gitops

import (
	"encoding/json"
	"errors"
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/internal/plan"
)

// What FluxBootstrap makes for the tree.
const (
	instanceChart  = "flux-instance"
	fluxNamespace  = "flux-system"
	settingsObject = "cluster-settings"
	secretsObject  = "cluster-secrets"
)

// Bootstrap is how the tree begins: the Kustomization that Flux's operator makes of the
// chart flux-instance in the plans, and the settings that the plans give to the tree. A
// secret setting is shown by its name.
func Bootstrap(parts plan.Parts) (*Kustomization, Settings, error) {
	settings := Settings{Public: map[string]string{}, Secret: map[string]string{}}
	var first *Kustomization
	var errs []error
	for _, part := range parts {
		for _, step := range part.Steps {
			shown, err := step.Shown()
			errs = append(errs, err)
			switch {
			case step.Release != nil && step.Release.Chart.Name == instanceChart:
				first, err = Root(shown)
				errs = append(errs, err)
			case step.Object != nil:
				errs = append(errs, settings.read(shown))
			}
		}
	}
	if first == nil {
		errs = append(errs, fmt.Errorf("the plan has no release of the chart %s, with which the tree begins", instanceChart))
	}
	return first, settings, errors.Join(errs...)
}

// read takes the values of an object, if it is one of the two with settings.
func (s Settings) read(object map[string]any) error {
	raw, err := json.Marshal(object)
	if err != nil {
		return err
	}
	var o struct {
		Kind             string
		Metadata         struct{ Name, Namespace string }
		Data, StringData map[string]any
	}
	// Other objects have data of other forms.
	if err := json.Unmarshal(raw, &o); err != nil || o.Metadata.Namespace != fluxNamespace {
		return nil //nolint:nilerr // it is none of the two
	}
	take := func(into map[string]string, from map[string]any) {
		for name, value := range from {
			into[name] = fmt.Sprint(value)
		}
	}
	switch {
	case o.Kind == "ConfigMap" && o.Metadata.Name == settingsObject:
		take(s.Public, o.Data)
	case o.Kind == "Secret" && o.Metadata.Name == secretsObject:
		take(s.Secret, o.StringData)
	}
	return nil
}

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
	k.Name, k.Namespace, k.Spec.Path = fluxNamespace, fluxNamespace, values.Instance.Sync.Path
	return k, errors.Join(errs...)
}

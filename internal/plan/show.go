package plan

import (
	"fmt"
	"strings"

	"github.com/home-ops/home-ops/internal/documents"
)

// Late is what stands in a shown plan where a value comes later.
func Late(value string) string { return "<" + value + ">" }

// Shown is what a step puts into the cluster, with the names of late values in their
// places: an object as the API server is sent it, or the values of a release. It is nil
// for a download.
func (s Step) Shown() (map[string]any, error) {
	var shown map[string]any
	switch {
	case s.Object != nil:
		body, err := s.Body()
		if err != nil {
			return nil, err
		}
		shown = body
	case s.Release != nil:
		values, err := s.Release.PlainValues()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		shown = values
	default:
		return nil, nil
	}
	for _, from := range s.From {
		if err := put(shown, from.Path, Late(from.Value)); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return shown, nil
}

// PlainValues is the release's values as maps, lists and scalars alone.
func (r *Release) PlainValues() (map[string]any, error) {
	if r.Values == nil {
		return map[string]any{}, nil
	}
	return documents.Plain(r.Values)
}

// put sets the value at a path.
func put(into map[string]any, path []string, value any) error {
	for _, key := range path[:len(path)-1] {
		below, ok := into[key]
		if !ok {
			below = map[string]any{}
			into[key] = below
		}
		next, ok := below.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: %s is not a map", strings.Join(path, "."), key)
		}
		into = next
	}
	into[path[len(path)-1]] = value
	return nil
}

// document is a step for a person and for a golden.
type document struct {
	Step     string         `json:"step"`
	After    []string       `json:"after,omitempty"`
	Needs    []Condition    `json:"needs,omitempty"`
	Keep     Keep           `json:"keep,omitempty"`
	Timeout  string         `json:"timeout,omitempty"`
	Object   map[string]any `json:"object,omitempty"`
	Release  *release       `json:"release,omitempty"`
	Download *Download      `json:"download,omitempty"`
}

type release struct {
	Name      string         `json:"name"`
	Namespace string         `json:"namespace"`
	Chart     string         `json:"chart"`
	Timeout   string         `json:"timeout,omitempty"`
	Values    map[string]any `json:"values,omitempty"`
}

// YAML is the whole plan, a document for each step.
func (s Steps) YAML() ([]byte, error) {
	var all []any
	for _, step := range s {
		shown, err := step.Shown()
		if err != nil {
			return nil, err
		}
		d := document{Step: step.Name, After: step.After, Needs: step.Needs, Keep: step.Keep, Download: step.Download}
		if step.Timeout > 0 {
			d.Timeout = step.Timeout.String()
		}
		switch r := step.Release; {
		case r != nil:
			d.Release = &release{Name: r.Name, Namespace: r.Namespace, Chart: r.Chart.String(), Values: shown}
			if r.Timeout > 0 {
				d.Release.Timeout = r.Timeout.String()
			}
		case step.Object != nil:
			d.Object = shown
		}
		all = append(all, d)
	}
	return documents.YAML(all...)
}

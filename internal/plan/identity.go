package plan

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/home-ops/home-ops/internal/documents"
)

// ID identifies an object of a cluster. The version of its group does not count.
type ID struct {
	Group, Kind, Namespace, Name string
}

// String is KIND NAMESPACE/NAME.
func (id ID) String() string {
	if id.Namespace == "" {
		return id.Kind + " " + id.Name
	}
	return id.Kind + " " + id.Namespace + "/" + id.Name
}

// IDOf is the identity of an object with these fields.
func IDOf(apiVersion, kind, namespace, name string) ID {
	version, _ := schema.ParseGroupVersion(apiVersion)
	return ID{version.Group, kind, namespace, name}
}

// releaseKind is the kind in the identity of a release, by which no object goes: of two
// releases of one name, each would undo the other.
const releaseKind = "Release"

// ID identifies what the step makes.
func (s Step) ID() (ID, error) {
	if s.Release != nil {
		return ID{Group: "helm.sh", Kind: releaseKind, Namespace: s.Release.Namespace, Name: s.Release.Name}, nil
	}
	body, err := s.Body()
	if err != nil {
		return ID{}, err
	}
	metadata := body["metadata"].(map[string]any)
	namespace, _ := metadata["namespace"].(string)
	return IDOf(body["apiVersion"].(string), body["kind"].(string), namespace, metadata["name"].(string)), nil
}

// Body is the step's object as the API server is sent it, without the values that come
// later. It has an apiVersion, a kind and a metadata.name.
func (s Step) Body() (map[string]any, error) {
	body, err := documents.Object(s.Object)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	metadata, _ := body["metadata"].(map[string]any)
	var missing []string
	for _, field := range []struct {
		path  string
		value any
	}{{"apiVersion", body["apiVersion"]}, {"kind", body["kind"]}, {"metadata.name", metadata["name"]}} {
		if text, _ := field.value.(string); text == "" {
			missing = append(missing, field.path)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%s: %T: %s is empty", s.Name, s.Object, strings.Join(missing, " and "))
	}
	return body, nil
}

// IDs are the identities of a plan's objects. Of a download, only its groups are known.
func (s Steps) IDs() ([]ID, error) {
	var ids []ID
	var errs []error
	for _, step := range s {
		if step.Object == nil {
			continue
		}
		id, err := step.ID()
		ids, errs = append(ids, id), append(errs, err)
	}
	return ids, errors.Join(errs...)
}

// Namespaces are the namespaces that the plan makes.
func (s Steps) Namespaces() ([]string, error) {
	ids, err := s.IDs()
	var names []string
	for _, id := range ids {
		if id.Group == "" && id.Kind == "Namespace" {
			names = append(names, id.Name)
		}
	}
	return names, err
}

// Names are the names of the steps, in their order.
func (s Steps) Names() []string {
	names := make([]string, 0, len(s))
	for _, step := range s {
		names = append(names, step.Name)
	}
	return names
}

// Charts are the charts that the plan installs.
func (s Steps) Charts() []Chart {
	var charts []Chart
	for _, step := range s {
		if step.Release != nil {
			charts = append(charts, step.Release.Chart)
		}
	}
	return charts
}

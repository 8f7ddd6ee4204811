package gitops

import (
	_ "embed"
	"fmt"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/home-ops/home-ops/internal/plan"
)

// scopesFile holds the kinds that are in no namespace. A rehearsal compares it with what
// its API server serves.
//
//go:embed scopes.yaml
var scopesFile []byte

// Scopes knows which kinds are in a namespace.
type Scopes struct {
	cluster map[string][]string
}

// NewScopes are the kinds of Kubernetes and of everything that the repository's clusters
// install.
func NewScopes() (Scopes, error) {
	s := Scopes{cluster: map[string][]string{}}
	if err := yaml.UnmarshalStrict(scopesFile, &s.cluster); err != nil {
		return s, fmt.Errorf("internal/gitops/scopes.yaml: %w", err)
	}
	return s, nil
}

// Add takes the kinds of the definitions among a cluster's objects.
func (s Scopes) Add(objects []Object) {
	for _, o := range objects {
		if o.GetKind() != "CustomResourceDefinition" {
			continue
		}
		spec, _ := o.Object["spec"].(map[string]any)
		names, _ := spec["names"].(map[string]any)
		group, _ := spec["group"].(string)
		kind, _ := names["kind"].(string)
		s.cluster[group] = slices.DeleteFunc(s.cluster[group], func(k string) bool { return k == kind })
		if spec["scope"] == "Cluster" {
			s.cluster[group] = append(s.cluster[group], kind)
		}
	}
}

// Identity is the identity that an object has in the cluster. The API server drops the
// namespace of a kind that is in none, which kustomize, not knowing the kind, gives to
// it.
func (s Scopes) Identity(id plan.ID) plan.ID {
	if slices.Contains(s.cluster[id.Group], id.Kind) {
		id.Namespace = ""
	}
	return id
}

// ClusterWide are the kinds of a group that are in no namespace. Known is false for a
// group of which no definition was read.
func (s Scopes) ClusterWide(group string) (kinds []string, known bool) {
	kinds, known = s.cluster[group]
	return kinds, known
}

package gitops

import (
	"errors"
	"fmt"
	"slices"

	"github.com/home-ops/home-ops/internal/plan"
)

// ID is the object's identity.
func (o Object) ID() plan.ID {
	return plan.IDOf(o.GetAPIVersion(), o.GetKind(), o.GetNamespace(), o.GetName())
}

// Owned is what Pulumi makes in a cluster, out of the plans of its components.
type Owned struct {
	objects map[plan.ID]string
	// namespaces are those that hold something of Pulumi's.
	namespaces []string
	// groups are the API groups whose kinds Pulumi installs.
	groups []string
	scopes Scopes
}

// NewOwned reads the plans of all components.
func NewOwned(parts plan.Parts) (*Owned, error) {
	scopes, err := NewScopes()
	o := &Owned{objects: map[plan.ID]string{}, scopes: scopes}
	errs := []error{err}
	namespaces := map[string]bool{}
	for _, part := range parts {
		for _, step := range part.Steps {
			if step.Download != nil {
				o.groups = append(o.groups, step.Download.Groups...)
				continue
			}
			id, err := step.ID()
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", part.Name(), err))
				continue
			}
			id = scopes.Identity(id)
			o.objects[id] = part.Name()
			namespaces[id.Namespace] = true
			if id.Group == "" && id.Kind == "Namespace" {
				namespaces[id.Name] = true
			}
		}
	}
	delete(namespaces, "")
	for name := range namespaces {
		o.namespaces = append(o.namespaces, name)
	}
	slices.Sort(o.namespaces)
	return o, errors.Join(errs...)
}

// CheckOwners reports objects with two owners: two Kustomizations, or Flux and Pulumi.
// Each owner would undo what the other does, and the end of one would take the object
// from the other.
func (c *Cluster) CheckOwners(owned *Owned) []error {
	owned.scopes.Add(c.Objects)
	var problems []error
	first := map[plan.ID]Object{}
	for _, o := range c.Objects {
		id := owned.scopes.Identity(o.ID())
		if other, ok := first[id]; ok {
			problems = append(problems, fmt.Errorf("%s: Kustomization %s applies it, and so does %s from %s; leave it to one",
				o.Where(), o.By.Key(), other.By.Key(), other.File))
		}
		first[id] = o
		if component, ok := owned.objects[id]; ok {
			problems = append(problems, fmt.Errorf("%s: Pulumi's component %s makes it; take it out of the tree (docs/adr/0001)",
				o.Where(), component))
		}
		if group := definedGroup(o); slices.Contains(owned.groups, group) {
			problems = append(problems, fmt.Errorf("%s: Pulumi installs the kinds of %s; take it out of the tree (docs/adr/0001)",
				o.Where(), group))
		}
	}
	return problems
}

// definedGroup is the group of the kind that a definition defines; empty for any other
// object.
func definedGroup(o Object) string {
	if o.GetKind() != "CustomResourceDefinition" {
		return ""
	}
	spec, _ := o.Object["spec"].(map[string]any)
	group, _ := spec["group"].(string)
	return group
}

// CheckNamespaces reports objects in namespaces that are Pulumi's. Only routes, which
// look at them from outside, may be there.
func (c *Cluster) CheckNamespaces(owned *Owned) []error {
	owned.scopes.Add(c.Objects)
	var problems []error
	for _, o := range c.Objects {
		id := owned.scopes.Identity(o.ID())
		_, made := owned.objects[id]
		if made || !slices.Contains(owned.namespaces, id.Namespace) || id.Kind == "HTTPRoute" || isKustomization(o) {
			continue
		}
		problems = append(problems, fmt.Errorf("%s: the namespace is Pulumi's; put the object into one of the tree's, or into the program",
			o.Where()))
	}
	return problems
}

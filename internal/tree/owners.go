package tree

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// ID tells an object of a cluster apart. The version of its group does not count.
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
	group, _ := schema.ParseGroupVersion(apiVersion)
	return ID{group.Group, kind, namespace, name}
}

// ID tells the object apart.
func (o Object) ID() ID { return IDOf(o.GetAPIVersion(), o.GetKind(), o.GetNamespace(), o.GetName()) }

// CheckOwners tells of objects with two owners: two Kustomizations, or Flux and Pulumi.
// Each owner would undo what the other does, and the end of one would take the object
// from the other.
func (c *Cluster) CheckOwners(pulumi []ID) []error {
	var problems []error
	first := map[ID]Object{}
	for _, o := range c.Objects {
		id := o.ID()
		if other, ok := first[id]; ok {
			problems = append(problems, fmt.Errorf("%s: Kustomization %s applies it, and so does %s from %s; leave it to one",
				o.Where(), o.By.Key(), other.By.Key(), other.File))
		}
		first[id] = o
		if slices.Contains(pulumi, id) {
			problems = append(problems, fmt.Errorf("%s: Pulumi makes it; take it out of the tree (docs/adr/0001)", o.Where()))
		}
	}
	return problems
}

// CheckNamespaces tells of objects in namespaces that are Pulumi's. Only what looks at
// them from outside may be there.
func (c *Cluster) CheckNamespaces(pulumi []string) []error {
	visitors := []string{"HTTPRoute"}
	var problems []error
	for _, o := range c.Objects {
		if !slices.Contains(pulumi, o.GetNamespace()) || slices.Contains(visitors, o.GetKind()) || isKustomization(o) {
			continue
		}
		problems = append(problems, fmt.Errorf("%s: the namespace is Pulumi's; put the object into one of the tree's, or into the program",
			o.Where()))
	}
	return problems
}

package cluster

import (
	"cmp"
	"log/slog"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Cluster is the cluster as one controller sees it.
type Cluster struct {
	// Log is the controller's.
	Log *slog.Logger

	store *store
	// manager is who its writes are by.
	manager string
	// again is how long after this pass the next one is at the latest; 0 for as late as the controller says.
	again time.Duration
}

// Again has the controller look again after a while although nothing changed: the shortest that a pass asks for counts.
func (c *Cluster) Again(after time.Duration) {
	if after = max(after, time.Millisecond); c.again == 0 || after < c.again {
		c.again = after
	}
}

// Serves reports whether the API serves the kind, and the controller knows its objects.
func (c *Cluster) Serves(kind Kind) bool { return c.store.informer(kind) != nil }

// Get is one object, nil if there is none. The namespace of what has none is empty. It must not be changed.
func (c *Cluster) Get(kind Kind, namespace, name string) *unstructured.Unstructured {
	return c.store.get(kind, namespace, name)
}

// List is every object of a kind, in the order of namespaces and names. They must not be changed.
func (c *Cluster) List(kind Kind) []*unstructured.Unstructured {
	informer := c.store.informer(kind)
	if informer == nil {
		return nil
	}
	var list []*unstructured.Unstructured
	for _, object := range informer.GetIndexer().List() {
		list = append(list, object.(*unstructured.Unstructured))
	}
	slices.SortFunc(list, func(a, b *unstructured.Unstructured) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	return list
}

// Item is an object, as it came and as a T.
type Item[T any] struct {
	Object *unstructured.Unstructured
	Typed  *T
}

// Read is List with each object as a T, which may be changed. What cannot be read as one is left out: nobody can judge it.
func Read[T any](c *Cluster, kind Kind) []Item[T] {
	var items []Item[T]
	for _, object := range c.List(kind) {
		typed, err := As[T](object)
		if err != nil {
			c.Log.Warn("an object that is not understood", "kind", kind.Resource, "name", Key(object), "error", err)
			continue
		}
		items = append(items, Item[T]{object, typed})
	}
	return items
}

// As is an object as a T; nil stays nil.
func As[T any](object *unstructured.Unstructured) (*T, error) {
	if object == nil {
		return nil, nil
	}
	typed := new(T)
	// The converter shares nothing with the cached object that a change of the result could reach.
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.DeepCopy().Object, typed); err != nil {
		return nil, err
	}
	return typed, nil
}

// Find is Get with the object as a T. It is nil if there is none, or none that can be read as one.
func Find[T any](c *Cluster, kind Kind, namespace, name string) *T {
	typed, err := As[T](c.Get(kind, namespace, name))
	if err != nil {
		c.Log.Warn("an object that is not understood", "kind", kind.Resource, "name", name, "error", err)
		return nil
	}
	return typed
}

// Key is the name of an object with its namespace before it.
func Key(object metav1.Object) string {
	if object.GetNamespace() == "" {
		return object.GetName()
	}
	return object.GetNamespace() + "/" + object.GetName()
}

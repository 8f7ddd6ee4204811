package kubernetes

import (
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// cluster is the way to the API server. Its zero value has none, and answers every question with an error.
type cluster struct {
	config    *rest.Config
	objects   dynamic.Interface
	discovery discovery.CachedDiscoveryInterface
	mapper    *restmapper.DeferredDiscoveryRESTMapper

	mu sync.Mutex
	// declared holds the scope of the kinds whose definitions the program is about to create.
	declared map[schema.GroupKind]string
}

func newCluster(config *rest.Config) (*cluster, error) {
	disco, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("failed to initialize discovery client: %w", err)
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("failed to initialize dynamic client: %w", err)
	}
	cached := memory.NewMemCacheClient(disco)
	return &cluster{
		config:    config,
		objects:   objects,
		discovery: cached,
		mapper:    restmapper.NewDeferredDiscoveryRESTMapper(cached),
	}, nil
}

// mapping finds a kind among the server's APIs; a kind that is new since the last look is found by a second one.
func (c *cluster) mapping(gvk schema.GroupVersionKind) (*meta.RESTMapping, error) {
	if c.mapper == nil {
		return nil, fmt.Errorf("no API server to ask for %s", gvk)
	}
	mapping, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		c.mapper.Reset()
		mapping, err = c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	}
	return mapping, err
}

// serves tells whether the server has a kind, by what is known of it: unlike mapping it does not look twice, which a
// preview of many kinds that are yet to come would pay for each time.
func (c *cluster) serves(gvk schema.GroupVersionKind) bool {
	if c.mapper == nil {
		return false
	}
	_, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	return err == nil
}

// client is the API of one kind, in a namespace if the kind has them.
func (c *cluster) client(gvk schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, error) {
	mapping, err := c.mapping(gvk)
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return c.objects.Resource(mapping.Resource).Namespace(canonicalNamespace(namespace)), nil
	}
	return c.objects.Resource(mapping.Resource), nil
}

// clientFor is the API of an object's kind and namespace.
func (c *cluster) clientFor(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	return c.client(object.GroupVersionKind(), object.GetNamespace())
}

// declare remembers a CustomResourceDefinition of the program, so that its kind has a scope before it exists.
func (c *cluster) declare(definition *unstructured.Unstructured) {
	group, _, _ := unstructured.NestedString(definition.Object, "spec", "group")
	kind, _, _ := unstructured.NestedString(definition.Object, "spec", "names", "kind")
	scope, _, _ := unstructured.NestedString(definition.Object, "spec", "scope")

	c.mu.Lock()
	defer c.mu.Unlock()
	if c.declared == nil {
		c.declared = map[schema.GroupKind]string{}
	}
	c.declared[schema.GroupKind{Group: group, Kind: kind}] = scope
}

// namespaced tells whether objects of a kind live in namespaces: by what is known of the built-in kinds, then by
// the program's own definitions, then by the server. A kind that none of them knows is taken to be namespaced; the
// server drops a namespace that does not belong.
func (c *cluster) namespaced(gvk schema.GroupVersionKind) bool {
	if builtIn(gvk.GroupVersion()) {
		return !clusterScoped[gvk.GroupKind()]
	}
	c.mu.Lock()
	scope, ok := c.declared[gvk.GroupKind()]
	c.mu.Unlock()
	if ok {
		return scope == "Namespaced"
	}
	if c.discovery == nil {
		return true
	}
	list, err := c.discovery.ServerResourcesForGroupVersion(gvk.GroupVersion().String())
	if err != nil {
		return true
	}
	for _, known := range list.APIResources {
		if known.Kind == gvk.Kind {
			return known.Namespaced
		}
	}
	return true
}

func canonicalNamespace(namespace string) string {
	if namespace == "" {
		return "default"
	}
	return namespace
}

package apitest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/restmapper"
	"sigs.k8s.io/yaml"
)

// patience is how long something may take that takes a moment.
const patience = 15 * time.Second

// Client is what a test does to the cluster. Whatever fails ends the test.
type Client struct {
	// Patience is how long Eventually waits. Default: a quarter of a minute.
	Patience time.Duration

	t      testing.TB
	client dynamic.Interface
	mapper meta.ResettableRESTMapper
}

// Client opens a client for a test.
func (s *Server) Client(t testing.TB) *Client {
	t.Helper()
	client, err := dynamic.NewForConfig(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	d, err := discovery.NewDiscoveryClientForConfig(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{patience, t, client, restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(d))}
}

// Apply makes the objects of a YAML text, with their status. It returns the last one.
func (c *Client) Apply(text string) *unstructured.Unstructured {
	c.t.Helper()
	var last *unstructured.Unstructured
	for document := range strings.SplitSeq(text, "\n---\n") {
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			c.t.Fatalf("%v in\n%s", err, document)
		}
		last = c.apply(object)
	}
	return last
}

// Applyf is Apply of a text with gaps.
func (c *Client) Applyf(format string, args ...any) *unstructured.Unstructured {
	c.t.Helper()
	return c.Apply(fmt.Sprintf(format, args...))
}

func (c *Client) apply(object *unstructured.Unstructured) *unstructured.Unstructured {
	c.t.Helper()
	kind := object.GroupVersionKind()
	options := metav1.ApplyOptions{FieldManager: "test", Force: true}
	result, err := c.of(kind, object.GetNamespace()).Apply(c.t.Context(), object.GetName(), object, options)
	if err == nil && object.Object["status"] != nil {
		delete(object.Object, "spec")
		result, err = c.of(kind, object.GetNamespace()).ApplyStatus(c.t.Context(), object.GetName(), object, options)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return result
}

// Delete deletes an object.
func (c *Client) Delete(apiVersion, kind, key string) {
	c.t.Helper()
	namespace, name := split(key)
	// A test's own context has ended when its objects are cleaned up.
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := c.of(schema.FromAPIVersionAndKind(apiVersion, kind), namespace).Delete(ctx, name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		c.t.Fatal(err)
	}
}

// DeleteAll deletes every object of a kind in a namespace, and waits until they are gone.
func (c *Client) DeleteAll(apiVersion, kind, namespace string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client := c.of(schema.FromAPIVersionAndKind(apiVersion, kind), namespace)
	for {
		list, err := client.List(ctx, metav1.ListOptions{})
		if err == nil && len(list.Items) == 0 {
			return
		}
		if err == nil {
			err = client.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{})
		}
		if err != nil {
			c.t.Fatalf("deleting every %s in %s: %v", kind, namespace, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// PatchStatus merges a JSON text into an object's status.
func (c *Client) PatchStatus(apiVersion, kind, key, text string) {
	c.t.Helper()
	namespace, name := split(key)
	_, err := c.of(schema.FromAPIVersionAndKind(apiVersion, kind), namespace).
		Patch(c.t.Context(), name, types.MergePatchType, []byte(text), metav1.PatchOptions{}, "status")
	if err != nil {
		c.t.Fatal(err)
	}
}

// Eventually waits until what the path of the object leads to is as wanted, as JSON.
func (c *Client) Eventually(apiVersion, kind, key, path, want string) {
	c.t.Helper()
	var got string
	for end := time.Now().Add(c.Patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if got = c.Field(apiVersion, kind, key, path); got == want {
			return
		}
	}
	c.t.Fatalf("%s %s: %s is %s, want %s", kind, key, path, got, want)
}

// Never watches for a moment that what the path of the object leads to is not that.
func (c *Client) Never(apiVersion, kind, key, path, unwanted string) {
	c.t.Helper()
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if got := c.Field(apiVersion, kind, key, path); got == unwanted {
			c.t.Fatalf("%s %s: %s is %s", kind, key, path, got)
		}
	}
}

// Field is what a path leads to, as JSON. A part of the path in brackets, [type=Ready], finds in a list; ~ is a dot
// within a part. "-" is nothing.
func (c *Client) Field(apiVersion, kind, key, path string) string {
	c.t.Helper()
	namespace, name := split(key)
	client, err := c.find(schema.FromAPIVersionAndKind(apiVersion, kind), namespace)
	if err != nil {
		return "-"
	}
	object, err := client.Get(c.t.Context(), name, metav1.GetOptions{})
	if err != nil {
		return "-"
	}
	var value any = object.Object
	for part := range strings.SplitSeq(path, ".") {
		if value = step(value, strings.ReplaceAll(part, "~", ".")); value == nil {
			return "-"
		}
	}
	text, _ := json.Marshal(value)
	return string(text)
}

func step(value any, part string) any {
	inner, isList := strings.CutPrefix(part, "[")
	if !isList {
		m, _ := value.(map[string]any)
		return m[part]
	}
	key, want, _ := strings.Cut(strings.TrimSuffix(inner, "]"), "=")
	list, _ := value.([]any)
	for _, item := range list {
		if m, ok := item.(map[string]any); ok && fmt.Sprint(m[key]) == want {
			return m
		}
	}
	return nil
}

func (c *Client) of(kind schema.GroupVersionKind, namespace string) dynamic.ResourceInterface {
	c.t.Helper()
	var err error
	// A kind that was just defined is served a moment later.
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		var client dynamic.ResourceInterface
		if client, err = c.find(kind, namespace); err == nil {
			return client
		}
	}
	c.t.Fatal(err)
	return nil
}

func (c *Client) find(kind schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, error) {
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		c.mapper.Reset()
		return nil, err
	}
	if namespace == "" {
		return c.client.Resource(mapping.Resource), nil
	}
	return c.client.Resource(mapping.Resource).Namespace(namespace), nil
}

func split(key string) (namespace, name string) {
	if before, after, ok := strings.Cut(key, "/"); ok {
		return before, after
	}
	return "", key
}

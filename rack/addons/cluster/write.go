package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// patience is how long one write may take: longer than a control plane needs to find another leader, so that a pass rather
// fails as a whole than hangs.
const patience = 10 * time.Second

// written is what Apply wrote, and what came of it.
type written struct {
	body     []byte
	revision string
}

// WriteStatus replaces the status of an object that was read from this Cluster, unless it is that already. It fails when the
// object has changed since: the next pass sees how.
func (c *Cluster) WriteStatus(ctx context.Context, kind Kind, object *unstructured.Unstructured, status any) error {
	want, err := fields(status)
	if err != nil {
		return fmt.Errorf("status of %s %s: %w", object.GetKind(), Key(object), err)
	}
	have, _ := object.Object["status"].(map[string]any)
	if same(have, want) {
		return nil
	}
	changed := object.DeepCopy()
	changed.Object["status"] = want
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	result, err := c.of(kind, object.GetNamespace()).UpdateStatus(ctx, changed, metav1.UpdateOptions{FieldManager: c.manager})
	switch {
	case apierrors.IsNotFound(err):
		c.forget(kind, object) // it was deleted meanwhile
		return nil
	case apierrors.IsConflict(err):
		c.refresh(ctx, kind, object)
		fallthrough
	case err != nil:
		return fmt.Errorf("status of %s %s: %w", object.GetKind(), Key(object), err)
	}
	c.keep(kind, result)
	return nil
}

// Apply creates an object, or changes it where it says something else than the given one. An object that is as the last Apply
// left it costs no request.
func (c *Cluster) Apply(ctx context.Context, kind Kind, object any) error {
	body, err := fields(object)
	if err != nil {
		return fmt.Errorf("%s: %w", kind.Resource, err)
	}
	u := &unstructured.Unstructured{Object: body}
	delete(body, "status")
	unstructured.RemoveNestedField(body, "metadata", "creationTimestamp")
	key := kind.String() + " " + Key(u)
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if last, ok := c.store.lastApplied(key); ok && bytes.Equal(last.body, text) {
		if have := c.Get(kind, u.GetNamespace(), u.GetName()); have != nil && have.GetResourceVersion() == last.revision {
			return nil
		}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	result, err := c.of(kind, u.GetNamespace()).Apply(ctx, u.GetName(), u, metav1.ApplyOptions{FieldManager: c.manager, Force: true})
	if err != nil {
		return fmt.Errorf("%s %s: %w", u.GetKind(), Key(u), err)
	}
	c.store.rememberApplied(key, written{text, result.GetResourceVersion()})
	c.keep(kind, result)
	return nil
}

// Merge changes a part of an object that was read from this Cluster: null deletes a field, a list is replaced as a whole. It fails
// when the object has changed since: the next pass sees how. One that is gone is no error.
func (c *Cluster) Merge(ctx context.Context, kind Kind, object *unstructured.Unstructured, change map[string]any) error {
	patch := &unstructured.Unstructured{Object: change}
	patch.SetResourceVersion(object.GetResourceVersion())
	text, err := json.Marshal(patch.Object)
	if err != nil {
		return fmt.Errorf("%s %s: %w", kind.Resource, Key(object), err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	result, err := c.of(kind, object.GetNamespace()).
		Patch(ctx, object.GetName(), types.MergePatchType, text, metav1.PatchOptions{FieldManager: c.manager})
	switch {
	case apierrors.IsNotFound(err):
		c.forget(kind, object)
		return nil
	case apierrors.IsConflict(err):
		c.refresh(ctx, kind, object)
		fallthrough
	case err != nil:
		return fmt.Errorf("%s %s: %w", kind.Resource, Key(object), err)
	}
	// The last finalizer takes what is being deleted along.
	if result.GetDeletionTimestamp() != nil && len(result.GetFinalizers()) == 0 {
		c.forget(kind, object)
		return nil
	}
	c.keep(kind, result)
	return nil
}

// Delete deletes an object, and lets what it owns follow: a Job's pods would stay else. One that is gone is no error.
func (c *Cluster) Delete(ctx context.Context, kind Kind, namespace, name string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	follow := metav1.DeletePropagationBackground
	err := c.of(kind, namespace).Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &follow})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("deleting %s %s/%s: %w", kind.Resource, namespace, name, err)
	}
	return nil
}

func (c *Cluster) of(kind Kind, namespace string) dynamic.ResourceInterface {
	if namespace == "" {
		return c.store.client.Resource(kind)
	}
	return c.store.client.Resource(kind).Namespace(namespace)
}

// keep puts what the server answered into the cache, so that the next pass does not do again what this one did. A watch may have
// brought something newer already.
func (c *Cluster) keep(kind Kind, object *unstructured.Unstructured) {
	if have := c.Get(kind, object.GetNamespace(), object.GetName()); have != nil && revision(have) > revision(object) {
		return
	}
	if informer := c.store.informer(kind); informer != nil {
		_ = informer.GetIndexer().Update(object)
	}
}

// refresh asks the server for an object that was another than the cache said.
func (c *Cluster) refresh(ctx context.Context, kind Kind, object *unstructured.Unstructured) {
	now, err := c.of(kind, object.GetNamespace()).Get(ctx, object.GetName(), metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		c.forget(kind, object)
	case err == nil:
		c.keep(kind, now)
	}
}

func (c *Cluster) forget(kind Kind, object *unstructured.Unstructured) {
	if informer := c.store.informer(kind); informer != nil {
		_ = informer.GetIndexer().Delete(object)
	}
}

// revision is etcd's number of an object's last change.
func revision(object *unstructured.Unstructured) uint64 {
	n, _ := strconv.ParseUint(object.GetResourceVersion(), 10, 64)
	return n
}

func (s *store) lastApplied(key string) (written, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := s.applied[key]
	return w, ok
}

func (s *store) rememberApplied(key string, w written) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applied[key] = w
}

// fields is anything as JSON would have it.
func fields(value any) (map[string]any, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	u := unstructured.Unstructured{Object: map[string]any{}}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&u.Object); err != nil {
		return nil, err
	}
	return numbers(u.Object).(map[string]any), nil
}

// numbers makes what unstructured objects hold of JSON's numbers.
func numbers(value any) any {
	switch v := value.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	case map[string]any:
		for key := range v {
			v[key] = numbers(v[key])
		}
	case []any:
		for i := range v {
			v[i] = numbers(v[i])
		}
	}
	return value
}

func same(a, b map[string]any) bool {
	left, errA := json.Marshal(a)
	right, errB := json.Marshal(b)
	return errA == nil && errB == nil && bytes.Equal(left, right)
}

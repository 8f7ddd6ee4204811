package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"

	"github.com/home-ops/home-ops/spec"
)

var (
	nodeKind        = schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
	longhornVolumes = schema.GroupVersionResource{Group: "longhorn.io", Version: "v1beta2", Resource: "volumes"}
)

const (
	// watchLimit ends a watch whose connection has died with its machine and says nothing, in seconds.
	watchLimit = 10
	// watchPause is between two watches.
	watchPause = 200 * time.Millisecond
)

// storageKinds are the kinds that tell how a stack's storage is.
func storageKinds(stack *spec.Stack) []schema.GroupVersionResource {
	var kinds []schema.GroupVersionResource
	if stack.Storage.RookCeph != nil {
		kinds = append(kinds, cephClusters)
	}
	if stack.Storage.Longhorn != nil {
		kinds = append(kinds, longhornVolumes)
	}
	return kinds
}

// checkWhole is an error that names what lacks copies, some while after everything has come back. By then there is some of each kind.
func (r *rehearsal) checkWhole(ctx context.Context, c *cluster) (string, error) {
	kinds := storageKinds(r.stack)
	if len(kinds) == 0 {
		return "", skipped("the stack has no storage that keeps copies")
	}
	count := map[string]int{}
	err := until(ctx, func(ctx context.Context) (err error) {
		if count, err = r.countWhole(ctx, c); err != nil {
			return err
		}
		for _, kind := range kinds {
			if count[kind.Resource] == 0 {
				return fmt.Errorf("there are no %s.%s: that proves nothing", kind.Resource, kind.Group)
			}
		}
		return nil
	})
	return fmt.Sprintf("%d Ceph clusters and %d Longhorn volumes", count[cephClusters.Resource], count[longhornVolumes.Resource]), err
}

// lookWhole is an error that names what lacks copies now. A cluster that is just built may have nothing yet.
func (r *rehearsal) lookWhole(ctx context.Context, c *cluster) (string, error) {
	_, err := r.countWhole(ctx, c)
	return "", err
}

// countWhole counts what keeps copies, by the names of its kinds, and is an error that names what lacks some.
func (r *rehearsal) countWhole(ctx context.Context, c *cluster) (map[string]int, error) {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	var errs []error
	for _, kind := range storageKinds(r.stack) {
		list, err := client.Resource(kind).List(ctx, metav1.ListOptions{})
		switch {
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			errs = append(errs, fmt.Errorf("%s: %w", kind.Resource, err))
			continue
		}
		for i := range list.Items {
			count[kind.Resource]++
			if lacks := lacks(&list.Items[i]); lacks != "" {
				errs = append(errs, fmt.Errorf("%s: %s is %s", kind.Resource, list.Items[i].GetName(), lacks))
			}
		}
	}
	return count, errors.Join(errs...)
}

// watchStorage writes the history of the nodes and of the storage, until it is stopped. What there is at the beginning is in it when
// it returns.
func watchStorage(ctx context.Context, client dynamic.Interface, kinds []schema.GroupVersionResource) (h *history, stop func(), err error) {
	h = newHistory()
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	stop = func() { cancel(); running.Wait() }
	for _, kind := range append(kinds, nodeKind) {
		objects := client.Resource(kind)
		var from string
		if err := until(ctx, func(ctx context.Context) (err error) {
			from, err = h.list(ctx, objects)
			return err
		}); err != nil {
			stop()
			return nil, nil, err
		}
		running.Go(func() { h.follow(ctx, objects, from) })
	}
	return h, stop, nil
}

func (h *history) list(ctx context.Context, objects dynamic.ResourceInterface) (revision string, err error) {
	list, err := objects.List(ctx, metav1.ListOptions{})
	if err != nil {
		return "", err
	}
	for i := range list.Items {
		h.note(&list.Items[i], false)
	}
	return list.GetResourceVersion(), nil
}

// follow notes each change, from a revision on. The API may be away in between; then nobody can change anything either.
func (h *history) follow(ctx context.Context, objects dynamic.ResourceInterface, from string) {
	limit := int64(watchLimit)
	for ctx.Err() == nil {
		w, err := objects.Watch(ctx, metav1.ListOptions{ResourceVersion: from, TimeoutSeconds: &limit})
		switch {
		case err == nil:
			from = h.drain(ctx, w, from)
		case apierrors.IsResourceExpired(err) || apierrors.IsGone(err):
			from = ""
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchPause):
		}
		if from != "" {
			continue
		}
		if from, err = h.list(ctx, objects); err != nil {
			from = ""
		}
	}
}

// drain notes what a watch says, and returns from where another one goes on; empty when that is too long ago.
func (h *history) drain(ctx context.Context, w apiwatch.Interface, from string) string {
	defer w.Stop()
	for {
		select {
		case <-ctx.Done():
			return from
		case event, ok := <-w.ResultChan():
			object, is := event.Object.(*unstructured.Unstructured)
			switch {
			case !ok:
				return from
			case event.Type == apiwatch.Error || !is:
				return ""
			}
			h.note(object, event.Type == apiwatch.Deleted)
			from = object.GetResourceVersion()
		}
	}
}

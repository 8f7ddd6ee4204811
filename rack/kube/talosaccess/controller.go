// Package talosaccess answers the ServiceAccount objects of talos.dev as Talos does on a control plane whose feature
// kubernetesTalosAPIAccess is on: each with a Secret of the same name that holds a talosconfig, whose certificate the
// nodes' own Talos API accepts.
//
// The Service talos.default, which a pod would reach that API through, is not there: a rehearsal's pods run nothing.
package talosaccess

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	// resync is how often every object is looked at again, for Secrets that were deleted or grow old.
	resync = time.Minute
	// pause is the wait after what went wrong.
	pause = time.Second
)

var serviceAccounts = schema.GroupVersionResource{
	Group: constants.ServiceAccountResourceGroup, Version: constants.ServiceAccountResourceVersion, Resource: constants.ServiceAccountResourcePlural,
}

// Controller is what one control plane does for the objects of the whole cluster.
type Controller struct {
	objects dynamic.NamespaceableResourceInterface
	client  kubernetes.Interface
	machine func() config.Provider
	log     *slog.Logger
}

// New makes a controller with the rights of the REST config. It asks for the control plane's machine config each time
// that it needs it.
func New(api *rest.Config, machine func() config.Provider, log *slog.Logger) (*Controller, error) {
	objects, err := dynamic.NewForConfig(api)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(api)
	if err != nil {
		return nil, err
	}
	return &Controller{objects: objects.Resource(serviceAccounts), client: client, machine: machine, log: log}, nil
}

// Run answers objects until the context ends. What fails is logged and tried again.
func (c *Controller) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := c.follow(ctx); err != nil && ctx.Err() == nil {
			c.log.Warn("talosconfigs for pods", "error", err)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	}
}

// follow looks at every object, then at those that change, until the next resync is due or something fails.
func (c *Controller) follow(ctx context.Context) error {
	list, err := c.objects.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var errs []error
	for i := range list.Items {
		errs = append(errs, c.reconcile(ctx, &list.Items[i]))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	seconds := int64(resync.Seconds())
	changes, err := c.objects.Watch(ctx, metav1.ListOptions{ResourceVersion: list.GetResourceVersion(), TimeoutSeconds: &seconds})
	if err != nil {
		return err
	}
	defer changes.Stop()
	for change := range changes.ResultChan() {
		object, ok := change.Object.(*unstructured.Unstructured)
		if !ok || (change.Type != watch.Added && change.Type != watch.Modified) {
			continue
		}
		if err := c.reconcile(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

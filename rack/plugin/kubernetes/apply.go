package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/csaupgrade"
)

// createManager owns the fields of an object that was created; its first update hands them to the resource's own
// manager.
const createManager = "pulumi-kubernetes"

// attempts is how often an object is created whose namespace or kind does not exist yet. The waits between double
// from a second, so the last attempt comes after a minute.
const attempts = 7

// applier writes one resource's object to the API server.
type applier struct {
	server  *Server
	urn     string
	manager string
	dryRun  bool
}

// create makes the object. Programs create things in a loose order, so a namespace or kind that is not there yet is
// waited for.
func (a *applier) create(ctx context.Context, inputs *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	wait := time.Second
	for attempt := 1; ; attempt++ {
		live, err := a.tryCreate(ctx, inputs)
		retriable := apierrors.IsNotFound(err) || meta.IsNoMatchError(err)
		switch {
		case err == nil:
			a.status(ctx, "")
			return live, nil
		case apierrors.IsAlreadyExists(err):
			return nil, fmt.Errorf("%w; the object exists in the cluster already: import it, or set "+
				"upsertExistingObjects on the provider to update it in place", err)
		case !retriable || attempt == attempts || a.dryRun && isNamespaceMissing(err):
			return nil, err
		}
		a.status(ctx, fmt.Sprintf("Retry #%d; creation failed: %v", attempt-1, err))
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(wait):
			wait *= 2
		}
	}
}

func (a *applier) tryCreate(ctx context.Context, inputs *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	client, err := a.server.cluster.clientFor(inputs)
	if err != nil {
		return nil, err
	}
	if a.server.settings.upsertExistingObjects {
		live, err := a.patch(ctx, client, inputs.GetName(), inputs, a.dryRun || a.forces(inputs, nil))
		if a.dryRun && apierrors.IsInvalid(err) && strings.Contains(err.Error(), validation.FieldImmutableErrorMsg) {
			// The preview of a replacement meets the object that is to go first. Under another name it can be tried.
			replacement := inputs.DeepCopy()
			replacement.SetName(inputs.GetName() + rand.String(5))
			return a.patch(ctx, client, replacement.GetName(), replacement, true)
		}
		return live, err
	}
	return client.Create(ctx, inputs, metav1.CreateOptions{FieldManager: createManager, DryRun: a.dryRunOption()})
}

// update applies the inputs to the object of that name and returns it after and before. A definition is put as a
// whole, which leaves its objects alone; everything else is applied by the server.
func (a *applier) update(
	ctx context.Context, name string, inputs *unstructured.Unstructured, ignored []string,
) (after, before *unstructured.Unstructured, err error) {
	client, err := a.server.cluster.clientFor(inputs)
	if err != nil {
		return nil, nil, err
	}
	before, err = client.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, nil, err
	}
	if isDefinition(inputs) {
		put := inputs.DeepCopy()
		put.SetResourceVersion(before.GetResourceVersion())
		after, err = client.Update(ctx, put, metav1.UpdateOptions{FieldManager: a.manager, DryRun: a.dryRunOption()})
		return after, before, err
	}

	owned := before
	if !a.dryRun {
		if owned, err = a.takeOver(ctx, client, before); err != nil {
			return nil, before, err
		}
	}
	applied, err := keepIgnored(inputs, owned, a.manager, ignored)
	if err != nil {
		return nil, before, err
	}
	after, err = a.patch(ctx, client, name, applied, a.forces(inputs, before))
	return after, before, err
}

func (a *applier) patch(
	ctx context.Context, client dynamic.ResourceInterface, name string, object *unstructured.Unstructured, force bool,
) (*unstructured.Unstructured, error) {
	content, err := json.Marshal(object.Object)
	if err != nil {
		return nil, err
	}
	live, err := client.Patch(ctx, name, types.ApplyPatchType, content,
		metav1.PatchOptions{FieldManager: a.manager, Force: &force, DryRun: a.dryRunOption()})
	if apierrors.IsConflict(err) {
		return nil, fmt.Errorf("server-side apply field conflict detected: field manager %q: %w; "+
			"set the annotation %s to take the fields over", a.manager, err, patchForceAnnotation)
	}
	return live, err
}

// takeOver hands the fields that a create or an older client owns to the resource's own manager, so that a field
// which leaves the program also leaves the object.
func (a *applier) takeOver(
	ctx context.Context, client dynamic.ResourceInterface, live *unstructured.Unstructured,
) (*unstructured.Unstructured, error) {
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, sets.New(
		"kubectl", "before-first-apply", createManager, "pulumi-kubernetes.exe", "pulumi-resource-kubernetes",
	), a.manager)
	if err != nil || len(patch) == 0 {
		return live, err
	}
	return client.Patch(ctx, live.GetName(), types.JSONPatchType, patch, metav1.PatchOptions{})
}

// forces tells whether fields that another manager owns are taken from it: when the program says so, and in a
// preview that cannot hand the fields over first.
func (a *applier) forces(inputs, live *unstructured.Unstructured) bool {
	if isTrue(inputs, patchForceAnnotation) || a.server.settings.enablePatchForce {
		return true
	}
	if live == nil {
		return false
	}
	if len(live.GetManagedFields()) == 0 {
		return true
	}
	for _, field := range live.GetManagedFields() {
		if a.dryRun && field.Operation == metav1.ManagedFieldsOperationUpdate &&
			strings.HasPrefix(field.Manager, "pulumi-") {
			return true
		}
	}
	return false
}

func (a *applier) dryRunOption() []string {
	if a.dryRun {
		return []string{metav1.DryRunAll}
	}
	return nil
}

func (a *applier) status(ctx context.Context, text string) {
	a.server.engine.Status(ctx, pulumirpc.LogSeverity_INFO, a.urn, text)
}

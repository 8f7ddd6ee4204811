package rehearsal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

// requestedAt is the annotation by which Flux is asked to reconcile an object, as `flux reconcile` does.
const requestedAt = "reconcile.fluxcd.io/requestedAt"

// sources are the kinds that Flux fetches. Not among them are HelmCharts, which the helm-controller makes.
var sources = []schema.GroupVersionResource{
	sourceKind("gitrepositories"), sourceKind("ocirepositories"), sourceKind("helmrepositories"), sourceKind("buckets"),
}

func sourceKind(resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: resource}
}

// sourceResources are the sources by the kinds that references name.
var sourceResources = map[string]string{
	"GitRepository": "gitrepositories", "OCIRepository": "ocirepositories", "HelmRepository": "helmrepositories", "Bucket": "buckets",
}

// owned is an object that Git owns, or that it comes from, and of which a controller says whether it is ready.
type owned struct {
	unstructured.Unstructured
	kind schema.GroupVersionResource
}

// key tells it from all others.
func (o owned) key() string { return key(o.kind.Resource, o.GetNamespace(), o.GetName()) }

func key(resource, namespace, name string) string { return resource + "/" + namespace + "/" + name }

func (o owned) String() string { return o.GetKind() + " " + o.GetNamespace() + "/" + o.GetName() }

// listOwned lists the sources, Kustomizations, HelmReleases and, where the stack has a vault, ExternalSecrets.
func (r *rehearsal) listOwned(ctx context.Context, client dynamic.Interface) ([]owned, error) {
	kinds := append(slices.Clone(sources), kustomizations, helmReleases)
	if r.stack.Secrets.OnePassword != nil {
		kinds = append(kinds, secretClaims)
	}
	var all []owned
	for _, kind := range kinds {
		list, err := client.Resource(kind).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind.Resource, err)
		}
		for _, o := range list.Items {
			// Nobody reconciles one that is a mere address (https://fluxcd.io/flux/components/source/helmrepositories/#type).
			if text, _, _ := unstructured.NestedString(o.Object, "spec", "type"); kind.Resource == "helmrepositories" && text == "oci" {
				continue
			}
			all = append(all, owned{o, kind})
		}
	}
	return all, nil
}

// inWords says how many there are of each kind.
func inWords(all []owned) string {
	count := map[schema.GroupVersionResource]int{}
	for _, o := range all {
		count[o.kind]++
	}
	releases, claims := count[helmReleases], count[secretClaims]
	return fmt.Sprintf("%d Kustomizations, %d HelmReleases, %d ExternalSecrets and %d sources",
		count[kustomizations], releases, claims, len(all)-count[kustomizations]-releases-claims)
}

// checkReconciled asks the controllers to reconcile everything that Git owns, and waits until they have, and all of it is ready. What
// lies in etcd may have been ready before its controller, or what it needs, was lost.
func (r *rehearsal) checkReconciled(ctx context.Context, c *cluster) (string, error) {
	client, err := dynamic.NewForConfig(c.rest)
	if err != nil {
		return "", err
	}
	began := time.Now()
	asking := newRequest(client, began)
	var all []owned
	err = within(ctx, reconciled, func(ctx context.Context) (err error) {
		if all, err = r.listOwned(ctx, client); err != nil {
			return err
		}
		if err := r.countReady(all); err != nil {
			return err
		}
		return asking.advance(ctx, all)
	})
	return fmt.Sprintf("%s, within %.0f s of being asked", inWords(all), time.Since(began).Seconds()), err
}

// request asks the controllers of many objects to reconcile them, each after those that it builds on: a Kustomization that is reconciled
// counts as not ready, and those that depend on it would wait for their next turn. It causes no upgrade of a release that is as it should be
// (https://fluxcd.io/flux/components/helm/helmreleases/#triggering-a-reconcile).
type request struct {
	client dynamic.Interface
	// stamp is the value of the annotations.
	stamp string
	// versions are those of ExternalSecrets that were synced when they were asked.
	versions map[string]string
	// handled are those that were reconciled for this request. A Flux before v2.7 takes the request away again from what another
	// Kustomization owns (askedFor in components/flux), which does not undo that.
	handled map[string]bool
}

func newRequest(client dynamic.Interface, now time.Time) *request {
	return &request{client: client, stamp: now.UTC().Format(time.RFC3339Nano), versions: map[string]string{}, handled: map[string]bool{}}
}

// advance asks those whose turn it is. It is an error that names those that are not reconciled for the request, or not ready.
func (q *request) advance(ctx context.Context, all []owned) error {
	open := map[string]bool{}
	for _, o := range all {
		if q.isHandled(o) {
			q.handled[o.key()] = true
		}
		if !q.handled[o.key()] || notReady(o.Unstructured) != nil {
			open[o.key()] = true
		}
	}
	var errs []error
	for _, o := range all {
		if q.handled[o.key()] || slices.ContainsFunc(buildsOn(o), func(other string) bool { return open[other] }) {
			continue
		}
		errs = append(errs, fmt.Errorf("%s: its controller was asked at %s and has not answered", o, q.stamp))
		if err := q.ask(ctx, o); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", o, err))
		}
	}
	return errors.Join(append(errs, unreadyOf(all)...)...)
}

// annotation is the one by which an object's controller is asked.
func annotation(o owned) string {
	if o.kind == secretClaims {
		return "force-sync"
	}
	return requestedAt
}

// ask puts the request to an object that does not bear it.
func (q *request) ask(ctx context.Context, o owned) error {
	if o.GetAnnotations()[annotation(o)] == q.stamp {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{annotation(o): q.stamp}}})
	if err != nil {
		return err
	}
	q.versions[o.key()] = syncedVersion(o)
	_, err = q.client.Resource(o.kind).Namespace(o.GetNamespace()).Patch(ctx, o.GetName(), types.MergePatchType, patch, metav1.PatchOptions{})
	return err
}

// isHandled reports whether the controller says that it has reconciled the object for this request. External Secrets says only
// that it has read the vault for another version of the object.
func (q *request) isHandled(o owned) bool {
	if o.kind == secretClaims {
		return readOnce(o) || o.GetAnnotations()[annotation(o)] == q.stamp && syncedVersion(o) != q.versions[o.key()]
	}
	at, _, _ := unstructured.NestedString(o.Object, "status", "lastHandledReconcileAt")
	return at == q.stamp
}

func syncedVersion(o owned) string {
	version, _, _ := unstructured.NestedString(o.Object, "status", "syncedResourceVersion")
	return version
}

// readOnce reports whether an ExternalSecret is not read again, whoever asks.
func readOnce(o owned) bool {
	policy, _, _ := unstructured.NestedString(o.Object, "spec", "refreshPolicy")
	interval, _, _ := unstructured.NestedString(o.Object, "spec", "refreshInterval")
	every, err := time.ParseDuration(interval)
	return policy == "CreatedOnce" || policy != "OnChange" && err == nil && every == 0
}

// buildsOn are the keys of what an object depends on: what it says, its source, and the Kustomization that it belongs to.
func buildsOn(o owned) []string {
	if slices.Contains(sources, o.kind) {
		return nil
	}
	var all []string
	add := func(reference map[string]any, resource string) {
		name, _ := reference["name"].(string)
		namespace, _ := reference["namespace"].(string)
		if namespace == "" {
			namespace = o.GetNamespace()
		}
		all = append(all, key(resource, namespace, name))
	}
	labels := o.GetLabels()
	add(map[string]any{"name": labels["kustomize.toolkit.fluxcd.io/name"], "namespace": labels["kustomize.toolkit.fluxcd.io/namespace"]}, kustomizations.Resource)
	depends, _, _ := unstructured.NestedSlice(o.Object, "spec", "dependsOn")
	for _, d := range depends {
		if reference, ok := d.(map[string]any); ok {
			add(reference, o.kind.Resource)
		}
	}
	for _, path := range []string{"sourceRef", "chartRef", "chart.spec.sourceRef"} {
		if reference, ok, _ := unstructured.NestedMap(o.Object, append([]string{"spec"}, strings.Split(path, ".")...)...); ok {
			kind, _ := reference["kind"].(string)
			add(reference, sourceResources[kind])
		}
	}
	// A root may be in the tree that it applies.
	return slices.DeleteFunc(all, func(other string) bool { return other == o.key() })
}

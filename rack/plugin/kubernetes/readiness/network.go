package readiness

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// settle is how long the endpoints of a service must stay as they are: they come one by one.
const settle = 10 * time.Second

var (
	endpointsKind = schema.GroupVersionKind{Version: "v1", Kind: "Endpoints"}
	serviceKind   = schema.GroupVersionKind{Version: "v1", Kind: "Service"}
)

// service is ready when none of the pods that it selects is still starting, and a load balancer has an address. A
// service that selects no pods has nothing to wait for; one whose pods do not exist settles all the same.
func service(ctx context.Context, view View) (Verdict, error) {
	kind := text(view.Object, "spec", "type")
	addresses, _, _ := unstructured.NestedSlice(view.Object.Object, "status", "loadBalancer", "ingress")
	verdict := Verdict{Ready: kind != "LoadBalancer" || len(addresses) > 0}
	if !verdict.Ready {
		verdict.Status = "[2/3] Attempting to allocate IP address to Service"
		verdict.Problems = []string{"Service was not allocated an IP address; does your cloud provider support this?"}
	}

	selector, _, _ := unstructured.NestedMap(view.Object.Object, "spec", "selector")
	if kind == "ExternalName" || text(view.Object, "spec", "clusterIP") == "None" || len(selector) == 0 {
		return verdict, nil
	}
	endpoints, err := view.Get(ctx, endpointsKind, view.Object.GetNamespace(), view.Object.GetName())
	if err != nil {
		return Verdict{}, err
	}
	ready, pending := countEndpoints(endpoints)
	if ready == 0 {
		verdict.Problems = append(verdict.Problems, "Service does not target any Pods. Selected Pods may not be ready, or "+
			"field '.spec.selector' may not match labels on any Pods")
	}
	if endpoints == nil || pending > 0 {
		verdict.Ready, verdict.Status = false, "[1/3] Finding Pods to direct traffic to"
		return verdict, nil
	}
	verdict.Settle, verdict.Fingerprint = settle, endpoints.GetResourceVersion()
	return verdict, nil
}

func countEndpoints(endpoints *unstructured.Unstructured) (ready, pending int) {
	if endpoints == nil {
		return 0, 0
	}
	subsets, _, _ := unstructured.NestedSlice(endpoints.Object, "subsets")
	for _, item := range subsets {
		subset, _ := item.(map[string]any)
		addresses, _ := subset["addresses"].([]any)
		notReady, _ := subset["notReadyAddresses"].([]any)
		ready, pending = ready+len(addresses), pending+len(notReady)
	}
	return ready, pending
}

// ingress is ready when it has an address. Services of its paths that do not exist are waited for a little.
func ingress(ctx context.Context, view View) (Verdict, error) {
	addresses, _, _ := unstructured.NestedSlice(view.Object.Object, "status", "loadBalancer", "ingress")
	verdict := Verdict{Ready: len(addresses) > 0}
	if !verdict.Ready {
		verdict.Status = "[2/3] Waiting for update of .status.loadBalancer with hostname/IP"
		verdict.Problems = []string{"Ingress .status.loadBalancer field was not updated with a hostname/IP address."}
	}
	for _, name := range backends(view.Object) {
		exists, err := hasEndpoints(ctx, view, name)
		if err != nil {
			return Verdict{}, err
		}
		if !exists {
			verdict.Settle = settle
			verdict.Problems = append(verdict.Problems, fmt.Sprintf("No matching service found for ingress rule: %q", name))
		}
	}
	return verdict, nil
}

func hasEndpoints(ctx context.Context, view View, name string) (bool, error) {
	endpoints, err := view.Get(ctx, endpointsKind, view.Object.GetNamespace(), name)
	if err != nil || endpoints != nil {
		return endpoints != nil, err
	}
	target, err := view.Get(ctx, serviceKind, view.Object.GetNamespace(), name)
	return target != nil && text(target, "spec", "type") == "ExternalName", err
}

// backends are the names of the services that an Ingress routes to.
func backends(object *unstructured.Unstructured) []string {
	var names []string
	rules, _, _ := unstructured.NestedSlice(object.Object, "spec", "rules")
	for _, item := range rules {
		rule, _ := item.(map[string]any)
		paths, _, _ := unstructured.NestedSlice(rule, "http", "paths")
		for _, item := range paths {
			path, _ := item.(map[string]any)
			if name, _, _ := unstructured.NestedString(path, "backend", "service", "name"); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

package kubernetes

import (
	"context"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/rack/plugin/kubernetes/readiness"
)

// Diff compares what the last run saw of the object, pruned to the inputs of that run, with the new inputs. It asks
// the API server nothing, but for the readiness of a Job that is to be replaced when it is not ready.
func (s *Server) Diff(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	if isRelease(req.GetUrn()) {
		return s.diffRelease(req)
	}
	if _, err := kindOf(req.GetUrn()); err != nil {
		return nil, err
	}
	olds, err := read("kubernetes.Diff.olds", req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := read("kubernetes.Diff.news", req.GetNews())
	if err != nil {
		return nil, err
	}
	old, inputs := parseState(olds), normalize(toObject(news))
	existing := prune(old.live, normalize(old.inputs))
	s.alignNamespaces(existing, inputs)
	if existing.GroupVersionKind().Empty() {
		existing.SetGroupVersionKind(inputs.GroupVersionKind())
	}
	if existing.GetResourceVersion() != "" {
		existing.SetResourceVersion("")
	}
	if inputs.GetName() != "" {
		existing.SetName(old.live.GetName())
	}

	changes := detail(existing.Object, inputs.Object, s.settings.replacingFields(inputs))
	if err := ignore(changes, req.GetIgnoreChanges()); err != nil {
		return nil, err
	}
	response := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, DetailedDiff: changes, HasDetailedDiff: true,
	}
	for path, change := range changes {
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		if strings.HasSuffix(change.GetKind().String(), "_REPLACE") {
			response.Replaces = append(response.Replaces, path)
		}
	}
	if s.replacesUnready(ctx, req.GetUrn(), inputs, old.live) {
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		response.Replaces = append(response.Replaces, `.metadata.annotations["pulumi.com/replaceUnready"]`)
	}
	slices.Sort(response.Replaces)

	// Two objects of one name cannot exist at once: the old one goes first.
	response.DeleteBeforeReplace = len(response.Replaces) > 0 &&
		isNamed(inputs) && !isAutonamed(inputs) &&
		inputs.GetName() == old.live.GetName() && inputs.GetNamespace() == old.live.GetNamespace()
	return response, nil
}

// alignNamespaces writes the default namespace out where it is left out, and drops it where a kind has none.
func (s *Server) alignNamespaces(existing, inputs *unstructured.Unstructured) {
	if !s.cluster.namespaced(inputs.GroupVersionKind()) {
		unstructured.RemoveNestedField(existing.Object, "metadata", "namespace")
		unstructured.RemoveNestedField(inputs.Object, "metadata", "namespace")
		return
	}
	existing.SetNamespace(canonicalNamespace(existing.GetNamespace()))
	if hasNoNamespace(inputs.Object) {
		inputs.SetNamespace(canonicalNamespace(""))
	}
}

// ignore drops the changes at and below the paths that the program ignores.
func ignore(changes map[string]*pulumirpc.PropertyDiff, paths []string) error {
	for _, text := range paths {
		ignored, err := resource.ParsePropertyPath(text)
		if err != nil {
			return err
		}
		for key := range changes {
			changed, err := resource.ParsePropertyPath(key)
			if err != nil {
				return err
			}
			if ignored.Contains(changed) {
				delete(changes, key)
			}
		}
	}
	return nil
}

// replacesUnready looks whether a Job that asks for it must be made anew because it is not ready.
func (s *Server) replacesUnready(ctx context.Context, urn string, inputs, live *unstructured.Unstructured) bool {
	switch {
	case !isTrue(inputs, replaceUnreadyAnnotation):
		return false
	case s.unreachable != "":
		s.warn(ctx, urn, "Cluster is unreachable, skipping replaceUnready check")
		return false
	case inputs.GetKind() != "Job":
		s.warn(ctx, urn, "replaceUnready annotation is not supported for this resource")
		return false
	}
	client, err := s.cluster.clientFor(live)
	if err != nil {
		return false
	}
	job, err := client.Get(ctx, live.GetName(), metav1.GetOptions{})
	return err == nil && !readiness.Job(job).Ready
}

package kubernetes

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Create makes the object and waits until it is ready. A preview is the API server's own dry run, where the cluster
// is reachable, the kind exists and every value is known; else it returns the inputs.
func (s *Server) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	ctx, done := s.operation(ctx)
	defer done()
	if isRelease(req.GetUrn()) {
		return s.createRelease(ctx, req)
	}
	gvk, err := kindOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	if !req.GetPreview() && s.unreachable != "" {
		return nil, fmt.Errorf("configured Kubernetes cluster is unreachable: %s", s.unreachable)
	}
	given, err := read("kubernetes.Create.properties", req.GetProperties())
	if err != nil {
		return nil, err
	}
	inputs := toObject(given)
	asGiven := &pulumirpc.CreateResponse{Properties: req.GetProperties()}
	if req.GetPreview() && !s.canDryRun(inputs) {
		return asGiven, nil
	}
	manager, err := fieldManager(inputs, "")
	if err != nil {
		return nil, err
	}

	work := &applier{server: s, urn: req.GetUrn(), manager: manager, dryRun: req.GetPreview()}
	live, err := work.create(ctx, inputs)
	switch {
	case err != nil && req.GetPreview() && dryRunTellsNothing(err):
		return asGiven, nil
	case meta.IsNoMatchError(err):
		return nil, fmt.Errorf("creation of resource %q with kind %s failed because the Kubernetes API server "+
			"reported that the apiVersion for this resource does not exist. "+
			"Verify that any required CRDs have been created: %w", req.GetUrn(), gvk.GroupVersion().String()+"/"+gvk.Kind, err)
	case err != nil:
		return nil, fmt.Errorf("resource %q was not successfully created by the Kubernetes API server: %w", req.GetUrn(), err)
	}

	var notReady error
	if !req.GetPreview() {
		live, notReady = work.await(ctx, inputs, live, nil, req.GetTimeout())
	} else {
		// A program that reads a status of the dry run would take it for a real one.
		unstructured.RemoveNestedField(live.Object, "status")
	}
	made := state{inputs: inputs, live: live, initialAPIVersion: inputs.GetAPIVersion(), fieldManager: manager}
	properties, err := s.write("kubernetes.Create.state", made.properties(given))
	if err != nil {
		return nil, err
	}
	if notReady != nil {
		return nil, notInitialized(id(live), fmt.Errorf("resource %q was successfully created, but the Kubernetes API "+
			"server reported that it failed to fully initialize or become live: %w", req.GetUrn(), notReady), properties, nil)
	}
	response := &pulumirpc.CreateResponse{Properties: properties}
	if !req.GetPreview() {
		response.Id = id(live)
	}
	return response, nil
}

// canDryRun tells whether the API server can be asked what would become of the inputs.
func (s *Server) canDryRun(inputs *unstructured.Unstructured) bool {
	return s.unreachable == "" && !hasUnknowns(inputs.Object) && s.cluster.serves(inputs.GroupVersionKind())
}

// dryRunTellsNothing is a refusal of a dry run that says nothing of the real one: the namespace is yet to be made,
// the object is yet to be replaced, or the preview's user may not write.
func dryRunTellsNothing(err error) bool {
	return isNamespaceMissing(err) || apierrors.IsAlreadyExists(err) || apierrors.IsForbidden(err)
}

func isNamespaceMissing(err error) bool {
	var status apierrors.APIStatus
	return apierrors.IsNotFound(err) && errors.As(err, &status) &&
		status.Status().Details != nil && status.Status().Details.Kind == "namespaces"
}

// fieldManager is the name under which the provider owns fields: the annotation's, else the one of an earlier run,
// else a new one.
func fieldManager(inputs *unstructured.Unstructured, old string) (string, error) {
	if name := annotation(inputs, patchFieldManagerAnnotation); name != "" {
		return name, nil
	}
	if old != "" {
		return old, nil
	}
	return resource.NewUniqueName(nil, "pulumi-kubernetes-", 0, 0, nil)
}

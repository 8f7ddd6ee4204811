package kubernetes

import (
	"context"
	"errors"
	"fmt"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Update applies the new inputs and waits until the object is ready again. A preview is the API server's dry run,
// where that is possible; else it returns the inputs.
func (s *Server) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	ctx, done := s.operation(ctx)
	defer done()
	if isRelease(req.GetUrn()) {
		return s.updateRelease(ctx, req)
	}
	if _, err := kindOf(req.GetUrn()); err != nil {
		return nil, err
	}
	if !req.GetPreview() && s.unreachable != "" {
		return nil, fmt.Errorf("configured Kubernetes cluster is unreachable: %s", s.unreachable)
	}
	olds, err := read("kubernetes.Update.olds", req.GetOlds())
	if err != nil {
		return nil, err
	}
	given, err := read("kubernetes.Update.news", req.GetNews())
	if err != nil {
		return nil, err
	}
	old, inputs := parseState(olds), normalize(toObject(given))
	asGiven := &pulumirpc.UpdateResponse{Properties: req.GetNews()}
	if req.GetPreview() && !s.canDryRun(inputs) {
		return asGiven, nil
	}
	manager, err := fieldManager(inputs, old.fieldManager)
	if err != nil {
		return nil, err
	}

	work := &applier{server: s, urn: req.GetUrn(), manager: manager, dryRun: req.GetPreview()}
	live, before, err := work.update(ctx, old.live.GetName(), inputs, req.GetIgnoreChanges())
	switch {
	case err != nil && req.GetPreview() && apierrors.IsForbidden(err):
		return asGiven, nil
	case meta.IsNoMatchError(err):
		return nil, fmt.Errorf("update of resource %q failed because the Kubernetes API server "+
			"reported that the apiVersion for this resource does not exist. "+
			"Verify that any required CRDs have been created: %w", req.GetUrn(), err)
	}
	notReady := err
	if err != nil {
		// What exists goes into the state with the failure, so that the next run compares with it.
		var getErr error
		if live, getErr = s.live(ctx, old.live); getErr != nil {
			return nil, errors.Join(fmt.Errorf("update of resource %q failed: %w", req.GetUrn(), err),
				fmt.Errorf("unable to get cluster state: %w", getErr))
		}
	} else if !req.GetPreview() {
		live, notReady = work.await(ctx, inputs, live, before, req.GetTimeout())
	}

	made := state{inputs: inputs, live: live, initialAPIVersion: old.initialAPIVersion, fieldManager: manager}
	properties, err := s.write("kubernetes.Update.state", made.properties(given))
	if err != nil {
		return nil, err
	}
	if notReady != nil {
		return nil, notInitialized(id(live), fmt.Errorf("the Kubernetes API server reported that %q failed to fully "+
			"initialize or become live: %w", id(live), notReady), properties, nil)
	}
	return &pulumirpc.UpdateResponse{Properties: properties}, nil
}

// live is the object as the API server has it now.
func (s *Server) live(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	client, err := s.cluster.clientFor(object)
	if err != nil {
		return nil, err
	}
	return client.Get(ctx, object.GetName(), metav1.GetOptions{})
}

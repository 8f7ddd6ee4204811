package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// leavesQuickly are the kinds for which skipAwait also skips the wait for their end.
var leavesQuickly = []string{"DaemonSet", "Deployment", "Job", "Namespace", "Pod", "ReplicationController", "StatefulSet"}

// Delete deletes the object and waits until it is gone. One that is gone already, or whose kind is, counts as
// deleted.
func (s *Server) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	ctx, done := s.operation(ctx)
	defer done()
	if isRelease(req.GetUrn()) {
		return s.deleteRelease(ctx, req)
	}
	if _, err := kindOf(req.GetUrn()); err != nil {
		return nil, err
	}
	properties, err := read("kubernetes.Delete.properties", req.GetProperties())
	if err != nil {
		return nil, err
	}
	if s.unreachable != "" {
		s.warn(ctx, req.GetUrn(), "configured Kubernetes cluster is unreachable: %s", s.unreachable)
		if s.settings.deleteUnreachable {
			return &emptypb.Empty{}, nil
		}
		return nil, errors.New("configured Kubernetes cluster is unreachable. If the cluster was deleted, " +
			"you can remove this resource from Pulumi state by rerunning the operation with the " +
			`PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"`)
	}

	old := parseState(properties)
	_, name := splitID(req.GetId())
	live, err := s.remove(ctx, req.GetUrn(), name, old, timeoutOf(req.GetTimeout(), old.inputs))
	if err == nil || apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		return &emptypb.Empty{}, nil
	}
	if live == nil {
		return nil, err
	}
	old.live = live
	remaining, writeErr := s.write("kubernetes.Delete.state", old.properties(properties))
	if writeErr != nil {
		return nil, writeErr
	}
	return nil, notInitialized(id(live), err, remaining, nil)
}

// remove deletes the object. When it is still there after the time, it is returned with the error.
func (s *Server) remove(
	ctx context.Context, urn, name string, old state, timeout time.Duration,
) (*unstructured.Unstructured, error) {
	client, err := s.cluster.clientFor(old.live)
	if err != nil {
		return nil, err
	}
	policy := propagationOf(old.inputs)
	if err := client.Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
		return nil, err
	}
	if isTrue(old.inputs, skipAwaitAnnotation) && slices.Contains(leavesQuickly, old.inputs.GetKind()) {
		return nil, nil
	}

	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	live := old.live
	for {
		found, err := client.Get(ctx, name, metav1.GetOptions{})
		switch {
		case apierrors.IsNotFound(err):
			s.engine.Status(ctx, pulumirpc.LogSeverity_INFO, urn, "")
			return nil, nil
		case err == nil && found.GetUID() != live.GetUID() && live.GetUID() != "":
			return nil, nil // another object has taken the name
		case err == nil:
			live = found
		}
		select {
		case <-ctx.Done():
			s.warn(s.ended, urn, "finalizers might be preventing deletion (%s)", strings.Join(live.GetFinalizers(), ", "))
			return live, fmt.Errorf("timed out waiting for %q to be deleted", name)
		case <-time.After(pollInterval):
		}
	}
}

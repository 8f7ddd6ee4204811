package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/rack/plugin/kubernetes/readiness"
)

// Read looks what has become of an object, for a refresh, a get or an import. One that is gone, or whose kind is,
// has an empty id.
func (s *Server) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	ctx, done := s.operation(ctx)
	defer done()
	if s.unreachable != "" {
		return s.readUnreachable(ctx, req)
	}
	if isRelease(req.GetUrn()) {
		return s.readLiveRelease(req)
	}
	gvk, err := kindOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	olds, err := read("kubernetes.Read.properties", req.GetProperties())
	if err != nil {
		return nil, err
	}
	given, err := read("kubernetes.Read.inputs", req.GetInputs())
	if err != nil {
		return nil, err
	}
	namespace, name := splitID(req.GetId())
	if name == "" {
		return nil, fmt.Errorf("failed to read resource because of a failure to parse resource name from request ID: %s", req.GetId())
	}

	old, inputs := parseState(olds), normalize(toObject(given))
	imported := inputs.GroupVersionKind().Empty() && old.live.GroupVersionKind().Empty()
	if inputs.GroupVersionKind().Empty() {
		inputs = &unstructured.Unstructured{Object: map[string]any{}}
		inputs.SetGroupVersionKind(gvk)
		if !imported {
			inputs.SetGroupVersionKind(old.live.GroupVersionKind())
		}
		inputs.SetName(name)
		inputs.SetNamespace(namespace)
	}

	client, err := s.cluster.clientFor(inputs)
	var live *unstructured.Unstructured
	if err == nil {
		live, err = client.Get(ctx, name, metav1.GetOptions{})
	}
	if apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
		return &pulumirpc.ReadResponse{}, nil
	}
	if err != nil {
		return nil, err
	}

	var notReady error
	if rule, ok := readiness.For(live); ok && !imported && !isTrue(inputs, skipAwaitAnnotation) && rule.Refresh {
		verdict, err := rule.Judge(ctx, readiness.View{Object: live, Get: s.get})
		if err != nil {
			return nil, err
		}
		if !verdict.Ready {
			notReady = &waitError{text: fmt.Sprintf("Resource '%s' was created but failed to initialize", name), problems: verdict.Problems}
		}
	}
	return s.readResponse(req, old, inputs, live, imported, notReady)
}

// readResponse lays out what was found: the state, and inputs that a program could have given for it.
func (s *Server) readResponse(
	req *pulumirpc.ReadRequest, old state, inputs, live *unstructured.Unstructured, imported bool, notReady error,
) (*pulumirpc.ReadResponse, error) {
	given, err := read("kubernetes.Read.inputs", req.GetInputs())
	if err != nil {
		return nil, err
	}
	found := prune(live, inputs)
	if imported {
		found = importedInputs(live)
	}
	manager, err := fieldManager(inputs, old.fieldManager)
	if err != nil {
		return nil, err
	}
	initial := old.initialAPIVersion
	if initial == "" {
		initial = inputs.GetAPIVersion()
	}

	made := state{inputs: found, live: live, initialAPIVersion: initial, fieldManager: manager}
	properties, err := s.write("kubernetes.Read.state", made.properties(given))
	if err != nil {
		return nil, err
	}
	foundProperties := toProperties(found.Object)
	markSecrets(foundProperties, given)
	foundInputs, err := s.write("kubernetes.Read.foundInputs", foundProperties)
	if err != nil {
		return nil, err
	}
	if notReady != nil {
		return nil, notInitialized(req.GetId(), notReady, properties, foundInputs)
	}
	return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: properties, Inputs: foundInputs}, nil
}

// importedInputs are the inputs of an object that no program made: all of it but what only the server sets.
func importedInputs(live *unstructured.Unstructured) *unstructured.Unstructured {
	found := live.DeepCopy()
	delete(found.Object, "status")
	for _, field := range readOnlyMetadata {
		unstructured.RemoveNestedField(found.Object, "metadata", field)
	}
	for _, name := range []string{"deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration"} {
		unstructured.RemoveNestedField(found.Object, "metadata", "annotations", name)
	}
	return found
}

// readUnreachable is a refresh without a cluster: an error, unless the provider is told to forget the resource or
// to leave it.
func (s *Server) readUnreachable(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	s.warn(ctx, req.GetUrn(), "configured Kubernetes cluster is unreachable: %s", s.unreachable)
	switch {
	case s.settings.deleteUnreachable:
		return &pulumirpc.ReadResponse{}, nil
	case s.settings.skipUpdateUnreachable:
		return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: req.GetProperties(), Inputs: req.GetInputs()}, nil
	default:
		return nil, errors.New("failed to read resource state due to unreachable cluster. If the cluster was " +
			"deleted, you can remove this resource from Pulumi state by rerunning the operation with the " +
			`PULUMI_K8S_DELETE_UNREACHABLE environment variable set to "true"`)
	}
}

// splitID takes an id apart into namespace and name.
func splitID(id string) (namespace, name string) {
	if namespace, name, ok := strings.Cut(id, "/"); ok {
		return namespace, name
	}
	return "", id
}

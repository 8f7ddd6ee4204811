package kubernetes

import (
	"context"
	"errors"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Check names an object that has no name, puts it into the default namespace where it has none, and writes it the
// way the API server will.
func (s *Server) Check(ctx context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	if s.unreachable != "" && s.settings.skipUpdateUnreachable {
		s.warn(ctx, req.GetUrn(), "Cluster is unreachable but skipUpdateUnreachable flag is set to true, skipping...")
		return &pulumirpc.CheckResponse{Inputs: req.GetOlds()}, nil
	}
	if isRelease(req.GetUrn()) {
		return s.checkRelease(ctx, req)
	}
	gvk, err := kindOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	olds, err := read("kubernetes.Check.olds", req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := read("kubernetes.Check.news", req.GetNews())
	if err != nil {
		return nil, err
	}

	oldInputs, inputs := toObject(olds), normalize(toObject(news))
	if _, ok := inputs.Object["metadata"]; !ok {
		inputs.Object["metadata"] = map[string]any{}
	}
	for name := range inputs.GetAnnotations() {
		if strings.HasPrefix(name, autonamedAnnotation) {
			s.warn(ctx, req.GetUrn(), "ignoring user-specified value for internal annotation %q", name)
		}
	}
	if usesGenerateName(inputs) {
		return nil, errors.New("the `.metadata.generateName` field is not supported in Server-Side Apply mode")
	}
	if len(oldInputs.Object) > 0 {
		adoptAutoname(inputs, oldInputs)
	} else if err := autoname(inputs, req.GetUrn(), req.GetRandomSeed(), req.GetAutonaming()); err != nil {
		return nil, err
	}
	if isDefinition(inputs) {
		s.cluster.declare(inputs)
	}
	if s.settings.namespace != "" && hasNoNamespace(inputs.Object) && s.cluster.namespaced(gvk) {
		inputs.SetNamespace(s.settings.namespace)
	}

	checked := toProperties(inputs.Object)
	markSecrets(checked, news)
	properties, err := s.write("kubernetes.Check.inputs", checked)
	return &pulumirpc.CheckResponse{Inputs: properties}, err
}

// hasNoNamespace tells whether the program left the namespace out; one that is not known yet is not left out.
func hasNoNamespace(object map[string]any) bool {
	metadata, ok := object["metadata"].(map[string]any)
	if !ok {
		return false
	}
	namespace, ok := metadata["namespace"]
	return !ok || namespace == nil || namespace == ""
}

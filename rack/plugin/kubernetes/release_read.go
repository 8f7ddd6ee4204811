package kubernetes

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// readLiveRelease looks the release up. For an import, by its id NAMESPACE/NAME, the inputs are made up from what Helm
// has: the chart is its bare name, since a release does not know where its chart came from.
func (s *Server) readLiveRelease(req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	old, seen, err := readRelease("kubernetes.ReadRelease.properties", req.GetProperties())
	if err != nil {
		return nil, err
	}
	namespace, name := seen.Namespace, seen.Name
	if len(old) == 0 {
		namespace, name = splitID(req.GetId())
	}
	found, exists, err := s.releases().Get(namespace, name)
	if err != nil {
		return nil, err
	}
	if !exists {
		return &pulumirpc.ReadResponse{}, nil
	}
	if err := seen.Observe(found); err != nil {
		return nil, err
	}

	inputs := inputsOf(old)
	if inputs == nil {
		inputs = resource.NewPropertyMap(seen)
		delete(inputs, "resourceNames")
		delete(inputs, "status")
		s.releaseDefaults(inputs)
	}
	state, err := s.write("kubernetes.ReadRelease.state", stateOf(inputs, seen))
	if err != nil {
		return nil, err
	}
	foundInputs, err := s.write("kubernetes.ReadRelease.inputs", inputs)
	if err != nil {
		return nil, err
	}
	return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: state, Inputs: foundInputs}, nil
}

package kubernetes

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/home-ops/home-ops/rack/plugin/kubernetes/release"
	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// checkRelease names a release that has no name, fills in the defaults, and looks for the chart, in previews too: the
// version in the inputs is the chart's own. A chart that is not there is an error before anything is touched. While
// an input is unknown, nothing is looked for.
func (s *Server) checkRelease(ctx context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	olds, err := read("kubernetes.CheckRelease.olds", req.GetOlds())
	if err != nil {
		return nil, err
	}
	given, err := read("kubernetes.CheckRelease.news", req.GetNews())
	if err != nil {
		return nil, err
	}
	news := given.Copy()
	if err := nameRelease(news, olds, req.GetUrn()); err != nil {
		return nil, err
	}
	s.releaseDefaults(news)
	declared, err := release.Decode(knownOf(news))
	if err != nil {
		return nil, err
	}
	unsupported := declared.Unsupported()
	if given.HasValue("valueYamlFiles") {
		unsupported = "valueYamlFiles"
	}
	if unsupported != "" {
		return nil, serve.Unimplemented("kubernetes", "input "+unsupported+" of "+releaseType)
	}
	if declared.AllowNullValues {
		s.warn(ctx, req.GetUrn(), "`allowNullValues` is deprecated and has no effect; null values in Helm chart "+
			"values are preserved by default.")
	}

	response := &pulumirpc.CheckResponse{}
	if !news.ContainsUnknowns() {
		if chart, err := declared.LoadChart(); err != nil {
			response.Failures = []*pulumirpc.CheckFailure{{
				Property: "chart",
				Reason:   fmt.Sprintf("%v; check the chart name and repository configuration.", err),
			}}
		} else {
			declared.Version = chart.Metadata.Version
		}
	}

	declared.ResourceNames = nil // never an input, whatever an old program says
	response.Inputs, err = s.write("kubernetes.CheckRelease.inputs", likeInputs(declared, given))
	return response, err
}

// nameRelease gives a release the name that it had, or a new one with eight random digits.
func nameRelease(news, olds resource.PropertyMap, urn string) error {
	if _, ok := news["name"]; !ok && len(olds) > 0 {
		news["name"] = olds["name"]
	}
	if name := news["name"]; name.IsComputed() || !name.IsNull() && !isOneOf(name, "") {
		return nil
	}
	name, err := resource.NewUniqueHex(resource.URN(urn).Name()+"-", 0, 0)
	if err != nil {
		return err
	}
	news["name"] = resource.NewStringProperty(name)
	return nil
}

// releaseDefaults fills in the namespace, and the timeout where there is something to wait for.
func (s *Server) releaseDefaults(inputs resource.PropertyMap) {
	if namespace, ok := inputs["namespace"]; !ok || isOneOf(namespace, "") {
		inputs["namespace"] = resource.NewStringProperty(s.settings.namespace)
	}
	if skipAwait, ok := inputs["skipAwait"]; !ok || isOneOf(skipAwait, "false") {
		if _, ok := inputs["timeout"]; !ok {
			inputs["timeout"] = resource.NewNumberProperty(release.DefaultTimeout)
		}
	}
}

package kubernetes

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

// clusterIdentifier is the setting that names the cluster: while it stays, the cluster is the same one, whatever
// the kubeconfig says.
const clusterIdentifier = "clusterIdentifier"

// CheckConfig refuses settings that the stand-in does not have.
func (s *Server) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	news, err := readConfig("kubernetes.CheckConfig.news", req.GetNews())
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.CheckResponse{Inputs: req.GetNews()}
	for _, setting := range []resource.PropertyKey{"helmReleaseSettings", "renderYamlToDirectory", "strictMode"} {
		if value := news[setting]; value.HasValue() && !isOneOf(value, "", "false") {
			response.Failures = append(response.Failures, &pulumirpc.CheckFailure{
				Property: string(setting),
				Reason:   fmt.Sprintf("stand-in kubernetes plugin does not implement %s", setting),
			})
		}
	}
	return response, nil
}

func isOneOf(value resource.PropertyValue, texts ...string) bool {
	return value.IsString() && slices.Contains(texts, value.StringValue()) ||
		value.IsBool() && slices.Contains(texts, fmt.Sprint(value.BoolValue()))
}

// readConfig takes the provider's settings off the wire, without their secrecy: they are only compared.
func readConfig(label string, properties *structpb.Struct) (resource.PropertyMap, error) {
	values, err := plugin.UnmarshalProperties(properties, plugin.MarshalOptions{Label: label, KeepUnknowns: true})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", label, err)
	}
	return values, nil
}

// DiffConfig tells whether new settings mean another cluster, in which every resource must be made anew. The
// cluster identifier decides where there is one; else any change of the active cluster in the kubeconfig, and a
// kubeconfig that is not known yet, count as another cluster.
func (s *Server) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := readConfig("kubernetes.DiffConfig.olds", req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := readConfig("kubernetes.DiffConfig.news", req.GetNews())
	if err != nil {
		return nil, err
	}
	return diffConfig(olds, news)
}

func diffConfig(olds, news resource.PropertyMap) (*pulumirpc.DiffResponse, error) {
	diff := olds.Diff(news)
	if diff == nil {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}

	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME}
	if diff.Updated(clusterIdentifier) {
		response.Replaces = append(response.Replaces, clusterIdentifier)
	}
	sameCluster := diff.Same(clusterIdentifier) && news.HasValue(clusterIdentifier)

	connection := []resource.PropertyKey{"kubeconfig", "context", "cluster"}
	for _, key := range connection {
		if news[key].IsComputed() {
			response.Diffs = []string{string(key)}
			response.Replaces = append(response.Replaces, string(key))
			return withoutReplacement(response, sameCluster), nil
		}
	}

	oldKubeconfig, err := kubeconfigValue(olds["kubeconfig"])
	if err != nil {
		return nil, err
	}
	newKubeconfig, err := kubeconfigValue(news["kubeconfig"])
	if err != nil {
		return nil, err
	}
	for _, key := range diff.ChangedKeys() {
		response.Diffs = append(response.Diffs, string(key))
	}
	before, hadBefore := activeCluster(oldKubeconfig, olds)
	after, hasAfter := activeCluster(newKubeconfig, news)
	if hadBefore && hasAfter && !reflect.DeepEqual(before, after) {
		for _, key := range connection {
			if slices.Contains(response.Diffs, string(key)) {
				response.Replaces = append(response.Replaces, string(key))
			}
		}
	}
	return withoutReplacement(response, sameCluster), nil
}

func withoutReplacement(response *pulumirpc.DiffResponse, sameCluster bool) *pulumirpc.DiffResponse {
	if sameCluster {
		response.Replaces = nil
	}
	return response
}

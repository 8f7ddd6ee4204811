package kubernetes

import (
	"maps"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// diffRelease compares what the last run saw of the release, as far as that run's inputs reach, with the new inputs.
// Only another name or namespace is another release.
func (s *Server) diffRelease(req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := read("kubernetes.DiffRelease.olds", req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := read("kubernetes.DiffRelease.news", req.GetNews())
	if err != nil {
		return nil, err
	}
	oldInputs := openOf(inputsOf(olds))
	delete(oldInputs, "checksum")
	delete(oldInputs, "resourceNames")
	seen := pruneMap(openOf(olds), oldInputs)

	changes := detailWithNulls(seen, openOf(news), []string{"name", "namespace"})
	if err := ignore(changes, req.GetIgnoreChanges()); err != nil {
		return nil, err
	}
	response := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, DetailedDiff: changes, HasDetailedDiff: len(changes) > 0,
	}
	for _, path := range slices.Sorted(maps.Keys(changes)) {
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		steps, err := resource.ParsePropertyPath(path)
		if err != nil {
			return nil, err
		}
		if field, ok := steps[0].(string); ok && !slices.Contains(response.Diffs, field) {
			response.Diffs = append(response.Diffs, field)
		}
		if strings.HasSuffix(changes[path].GetKind().String(), "_REPLACE") {
			response.Replaces = append(response.Replaces, path)
		}
	}
	return response, nil
}

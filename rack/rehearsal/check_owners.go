package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/home-ops/home-ops/internal/gitops"
)

// checkScopes compares what the check of owners believes of the kinds' scopes with what the API server serves.
func (r *rehearsal) checkScopes(_ context.Context, c *cluster) (string, error) {
	scopes, err := gitops.NewScopes()
	if err != nil {
		return "", err
	}
	groups, err := c.client.Discovery().ServerPreferredResources()
	if err != nil {
		return "", err
	}
	var errs []error
	kinds := 0
	for _, list := range groups {
		version, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return "", err
		}
		clusterWide, known := scopes.ClusterWide(version.Group)
		for _, resource := range list.APIResources {
			// What has no list is no object that anybody applies.
			if !slices.Contains(resource.Verbs, "list") {
				continue
			}
			kinds++
			if !known || slices.Contains(clusterWide, resource.Kind) == resource.Namespaced {
				errs = append(errs, fmt.Errorf("internal/gitops/scopes.yaml: %s of %q: the API server serves it with namespaced: %t; say so",
					resource.Kind, version.Group, resource.Namespaced))
			}
		}
	}
	return fmt.Sprintf("%d kinds", kinds), errors.Join(errs...)
}

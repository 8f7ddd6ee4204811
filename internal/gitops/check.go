package gitops

import (
	"slices"

	"github.com/home-ops/home-ops/internal/plan"
	"github.com/home-ops/home-ops/spec"
)

// Check reports everything that is wrong with a tree, by itself and beside the stack file and the plans of its
// cluster. Expected are the settings that the tree has to use.
func (c *Cluster) Check(s *spec.Stack, parts plan.Parts, expected map[string]string) []error {
	owned, err := NewOwned(parts)
	if err != nil {
		return []error{err}
	}
	kinds, err := NewKinds()
	if err != nil {
		return []error{err}
	}
	_, misfits := c.CheckKinds(kinds)
	return slices.Concat(
		c.CheckStack(s), c.CheckSettings(expected), c.CheckOrder(), c.CheckPins(), c.CheckReleases(), c.CheckFixed(), c.CheckRoutes(),
		c.CheckDashboards(s), c.CheckApex(s), c.CheckNamespaces(owned), c.CheckOwners(owned), misfits,
	)
}

package gitops

import (
	"fmt"
	"maps"
	"slices"
)

// CheckSettings reports settings that no manifest uses: a value in the stack file would
// then have no effect.
func (c *Cluster) CheckSettings(names map[string]string) []error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !c.Used[name] {
			problems = append(problems, fmt.Errorf("%s: the setting %s has no user; use it in a manifest, or stop giving it",
				c.folder(), name))
		}
	}
	return problems
}

// folder is the cluster's own, where Flux begins.
func (c *Cluster) folder() string { return c.Kustomizations[0].folder() }

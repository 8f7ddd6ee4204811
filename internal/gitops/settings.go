package gitops

import (
	"fmt"
	"maps"
	"slices"
)

// CheckSettings reports settings that no manifest uses: a value in the stack file would
// then have no effect. Reserved are settings that later apps will use; one of them that
// is used already need not be reserved any more.
func (c *Cluster) CheckSettings(public map[string]string, reserved []string) []error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(public)) {
		switch {
		case !c.Used[name] && !slices.Contains(reserved, name):
			problems = append(problems, fmt.Errorf("%s: the setting %s has no user; use it in a manifest, or stop giving it",
				c.folder(), name))
		case c.Used[name] && slices.Contains(reserved, name):
			problems = append(problems, fmt.Errorf("%s: the setting %s has a user by now; take it from the reserved ones",
				c.folder(), name))
		}
	}
	return problems
}

// folder is the cluster's own, where Flux begins.
func (c *Cluster) folder() string { return c.Kustomizations[0].folder() }

package gitops

import (
	"fmt"
	"maps"
	"slices"
)

// CheckSettings tells of settings that no manifest uses: the stack file says something
// that nobody hears. Offered are those that are there for apps yet to come.
func (c *Cluster) CheckSettings(public map[string]string, offered []string) []error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(public)) {
		switch {
		case !c.Used[name] && !slices.Contains(offered, name):
			problems = append(problems, fmt.Errorf("%s: the setting %s has no user; use it in a manifest, or stop giving it",
				c.folder(), name))
		case c.Used[name] && slices.Contains(offered, name):
			problems = append(problems, fmt.Errorf("%s: the setting %s has a user by now; it need not be offered any more",
				c.folder(), name))
		}
	}
	return problems
}

// folder is the cluster's own, where Flux begins.
func (c *Cluster) folder() string { return c.Kustomizations[0].folder() }

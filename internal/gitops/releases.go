package gitops

import (
	"fmt"
	"slices"
	"strings"
)

// CheckReleases reports Helm releases that would stay failed, or fail unseen. One that is
// tried a number of times is given up for good, whatever the cause was, and a
// Kustomization that does not look at its releases is ready all the same.
func (c *Cluster) CheckReleases() []error {
	var problems []error
	for _, o := range c.Objects {
		if o.GetKind() != "HelmRelease" {
			continue
		}
		for _, action := range []string{"install", "upgrade"} {
			if !retriesForEver(mapAt(o.Object, "spec", action)) {
				problems = append(problems, fmt.Errorf("%s: spec.%s.remediation.retries is not -1: after a passing fault "+
					"it would stay failed; take components/defaults into the cluster's kustomization.yaml", o.Where(), action))
			}
		}
		if !o.By.watches(o) {
			problems = append(problems, fmt.Errorf("%s: Kustomization %s is ready while it is not; "+
				"set spec.wait, or list it under spec.healthChecks", o.Where(), o.By.Key()))
		}
	}
	return problems
}

// retriesForEver reports whether an action is tried again for as long as it fails: in the form that every Flux knows,
// or in that of v2.7 and later, which takes nothing back between two attempts.
func retriesForEver(action map[string]any) bool {
	retries := fmt.Sprint(mapAt(action, "remediation")["retries"])
	return strings.HasPrefix(retries, "-") || mapAt(action, "strategy")["name"] == "RetryOnFailure"
}

// watches reports whether k is ready only when an object of its own is.
func (k *Kustomization) watches(o Object) bool {
	return k.Spec.Wait || slices.ContainsFunc(k.Spec.HealthChecks, func(check HealthCheck) bool {
		return check.Kind == o.GetKind() && check.Name == o.GetName() && check.Namespace == o.GetNamespace()
	})
}

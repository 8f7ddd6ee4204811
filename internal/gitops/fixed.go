package gitops

import "fmt"

// fixed are the kinds of which the API refuses another version in place, each with what stays as it was made
// (https://kubernetes.io/docs/concepts/storage/storage-classes/, https://kubernetes.io/docs/concepts/workloads/controllers/job/).
var fixed = map[string]string{"StorageClass": "parameters", "Job": "spec.template"}

// CheckFixed reports objects that Flux could not change: a Kustomization with one of them fails at its first change, whether a
// commit made it or a setting. Who has them made anew says so (https://fluxcd.io/flux/components/kustomize/kustomizations/#force).
func (c *Cluster) CheckFixed() []error {
	const force = "kustomize.toolkit.fluxcd.io/force"
	var problems []error
	for _, o := range c.Objects {
		stays, is := fixed[o.GetKind()]
		if is && !o.By.Spec.Force && o.GetAnnotations()[force] != "enabled" {
			problems = append(problems, fmt.Errorf("%s: nobody can change its %s, so that its Kustomization would fail at the next change; "+
				"annotate it with %s: enabled, which has it made anew", o.Where(), stays, force))
		}
	}
	return problems
}

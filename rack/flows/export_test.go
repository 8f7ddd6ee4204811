package flows

// Reference is a webhook or an API that rehearsals leave out.
type Reference struct{ Namespace, Name string }

// LeftOut are those that are asked about all the same.
func LeftOut() []Reference {
	var all []Reference
	for _, ref := range leftOut {
		all = append(all, Reference{ref.namespace, ref.name})
	}
	return all
}

// Rows are the reasons of the rows for each pod of their own, and how many flows each asks in a cluster.
func Rows(c *Cluster) map[string]int {
	asked := map[string]int{}
	for _, r := range rows {
		name := r.from.namespace + " " + names(r.from.labels) + ": " + r.why
		asked[name] += 0
		for _, p := range c.pods(r.from.namespace, r.from.labels...) {
			if p.Spec.HostNetwork {
				continue
			}
			for _, to := range r.to(c) {
				asked[name] += len(to.ends)
			}
		}
	}
	return asked
}

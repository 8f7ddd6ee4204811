package spec

// floor is the oldest release of a component that has the kinds which this program writes.
type floor struct {
	component   Component
	oldest      Version
	why, source string
}

var floors = []floor{
	{
		CiliumChart, "1.18.0", "the first that serves CiliumLoadBalancerIPPool and the BGP kinds as cilium.io/v2",
		"https://github.com/cilium/cilium/pull/38940",
	},
	{
		ExternalSecrets, "0.16.0", "the first that serves ClusterSecretStore and ExternalSecret as external-secrets.io/v1",
		"https://github.com/external-secrets/external-secrets/releases/tag/v0.16.0",
	},
}

// floors refuses releases that lack kinds which the program writes, and returns them, each as a meeting with itself.
func (c *checker) floors(set VersionSet) (refused []meeting) {
	for _, f := range floors {
		have, known := set[f.component].parse()
		oldest, _ := f.oldest.parse()
		if known && have.compare(oldest) < 0 {
			c.errorf(f.component.path(), "%s %s is older than %s, %s (%s)", f.component.title(), set[f.component], f.oldest, f.why, f.source)
			refused = append(refused, meeting{f.component, f.component})
		}
	}
	return refused
}

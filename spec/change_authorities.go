package spec

import "fmt"

// authorities judges the step of a rotation. Machines change one after the other, so whatever either of them issues has to
// be accepted by both those that have changed and those that have not.
func (c *change) authorities() {
	moved := ""
	for _, kind := range numberedAuthorities {
		was, is := kind.of(c.from), kind.of(c.to)
		if was == is {
			continue
		}
		if moved != "" {
			c.refuse(kind.path, "the %s changes in the same step as the %s, and they want the machines in another order each; change one, apply it, then the other", kind.name, moved)
			continue
		}
		moved = kind.name
		if !kind.planesFirst && c.anotherRelease() {
			c.refuse(kind.path, "the %s changes in the same step as the release of Talos or Kubernetes, and they want the machines in another order each; change one, apply it, then the other", kind.name)
			continue
		}
		if refusal := kind.refusal(was, is); refusal != "" {
			c.refuse(kind.path, "%s", refusal)
			continue
		}
		kind.announce(c, was, is)
	}
}

// anotherRelease says that Talos or Kubernetes is exchanged, too.
func (c *change) anotherRelease() bool {
	was, is := c.from.Cluster, c.to.Cluster
	return was.TalosVersion != is.TalosVersion || was.KubernetesVersion != is.KubernetesVersion
}

// refusal is why a running cluster cannot take a step, and what to do instead; empty for one that it can.
func (k numberedAuthority) refusal(was, is Authority) string {
	switch {
	case !was.Trusts(is.Issuing) && is.Issuing == was.Issuing+1:
		return fmt.Sprintf("authority %d cannot issue before every machine accepts it; first apply { issuing: %d, accepted: %d }", is.Issuing, was.Issuing, is.Issuing)
	case !was.Trusts(is.Issuing):
		return fmt.Sprintf("authority %d cannot follow %d, which issues now; the next one is %d: first apply { issuing: %d, accepted: %d }",
			is.Issuing, was.Issuing, was.Issuing+1, was.Issuing, was.Issuing+1)
	case !is.Trusts(was.Issuing):
		return fmt.Sprintf("authority %d has issued what machines work with, and cannot leave at once; first apply { issuing: %d, accepted: %d }", was.Issuing, is.Issuing, was.Issuing)
	case is.Accepted != 0 && !was.Trusts(is.Accepted) && is.Accepted < is.Issuing:
		return fmt.Sprintf("authority %d has left, and does not come back; the next one is %d", is.Accepted, is.Issuing+1)
	}
	return ""
}

// announce says what a step brings.
func (k numberedAuthority) announce(c *change, was, is Authority) {
	if is.Issuing != was.Issuing {
		c.announce(k.path.Child("issuing"), "%s %d issues instead of %d: %s", k.name, is.Issuing, was.Issuing, k.issues)
	}
	for _, number := range was.Trusted() {
		if !is.Trusts(number) {
			c.announce(k.path.Child("accepted"), "%s %d is accepted no more: %s", k.name, number, k.drops)
		}
	}
	for _, number := range is.Trusted() {
		if !was.Trusts(number) {
			c.announce(k.path.Child("accepted"), "%s %d is made: %s", k.name, number, k.accepts)
		}
	}
}

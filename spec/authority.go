package spec

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Authority says which certificate authorities of one kind a cluster has in use. They are numbered: the first was made
// with the cluster, and each further one is made when its number is written down for the first time.
type Authority struct {
	// Issuing is the number of the authority that issues certificates. Default: 1.
	Issuing int `json:"issuing,omitempty" example:"2"`
	// Accepted is the number of the authority whose certificates are accepted, too: the next one before it issues, or the
	// former one until nothing needs it. Default: none.
	Accepted int `json:"accepted,omitempty" example:"1"`
}

func (a *Authority) defaults() { a.Issuing = 1 }

// Trusted are the numbers of the authorities whose certificates are accepted, the issuing one first.
func (a Authority) Trusted() []int {
	if a.Accepted == 0 {
		return []int{a.Issuing}
	}
	return []int{a.Issuing, a.Accepted}
}

// Trusts says that the certificates of an authority are accepted.
func (a Authority) Trusts(number int) bool { return slices.Contains(a.Trusted(), number) }

// numberedAuthority is a kind of authority, and where the stack file has it.
type numberedAuthority struct {
	path *field.Path
	// name is what people call it.
	name string
	of   func(*Stack) Authority
	// accepts, issues and drops say what each step of its rotation does.
	accepts, issues, drops string
	// planesFirst says that control planes change first in each of its steps, as they do for another release.
	planesFirst bool
}

var numberedAuthorities = []numberedAuthority{
	{
		path: field.NewPath("cluster", "talosCA"), name: "Talos CA", of: func(s *Stack) Authority { return s.Cluster.TalosCA },
		accepts: "every machine accepts its certificates from now on; no machine goes down",
		issues:  "every machine and talosconfig get certificates of it; no machine goes down; save another break-glass copy, and give people another talosconfig",
		drops:   "what it issued opens nothing any more: a talosconfig or a break-glass copy of before",

		planesFirst: true,
	},
	{
		path: field.NewPath("cluster", "kubernetesCA"), name: "Kubernetes CA", of: func(s *Stack) Authority { return s.Cluster.KubernetesCA },
		accepts: "every machine accepts its certificates from now on; the API servers and the kubelets restart, one machine at a time; no machine goes down",
		issues: "the API servers get certificates of it: no pod reaches the Kubernetes API that has read the former authority, until it is restarted " +
			"(docs/runbooks/rotate.md says which, and when); no machine goes down; give people another kubeconfig, and save another break-glass copy",
		drops: "what it issued opens nothing any more: a kubeconfig of before; the API servers and the kubelets restart, one machine at a time; no machine goes down",
	},
}

// authorities checks the numbers of the authorities.
func (c *checker) authorities() {
	for _, kind := range numberedAuthorities {
		a := kind.of(c.s)
		switch {
		case a.Issuing < 1:
			c.errorf(kind.path.Child("issuing"), "%d is no number of an authority: they begin with 1", a.Issuing)
		case a.Accepted == 0:
		case a.Accepted < 1:
			c.errorf(kind.path.Child("accepted"), "%d is no number of an authority: they begin with 1", a.Accepted)
		case a.Accepted == a.Issuing:
			c.errorf(kind.path.Child("accepted"), "%d issues, and is accepted for that; leave it out", a.Accepted)
		case a.Accepted != a.Issuing+1 && a.Accepted != a.Issuing-1:
			c.errorf(kind.path.Child("accepted"), "%d is neither the one before nor the one after the issuing %d", a.Accepted, a.Issuing)
		}
	}
}

package objects

import (
	"slices"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/spec"
)

// Object is a Kubernetes object.
type Object struct {
	// Name tells it apart from the others.
	Name string
	// Body is the object, with its kind and name.
	Body any
}

// Set is everything that Cilium is told.
type Set struct {
	// Pools hold the addresses of load-balancer Services.
	Pools []Object
	// Announcements make the home network find those addresses.
	Announcements []Object
	// Policies are the baseline network policies.
	Policies []Object
}

// All lists every object, in the order in which they matter.
func (s Set) All() []Object {
	return slices.Concat(s.Pools, s.Announcements, s.Policies)
}

// For is what a stack tells Cilium. The plan is that of the same stack, or nil
// without BGP.
func For(stack *spec.Stack, plan *bgp.Plan) Set {
	var s Set
	for _, pool := range Pools(stack) {
		s.Pools = append(s.Pools, Object{"pool-" + pool.Name, pool})
	}
	if policy := L2Policy(stack); policy != nil {
		s.Announcements = append(s.Announcements, Object{"l2", policy})
	}
	if b := BGP(stack, plan); b != nil {
		s.Announcements = append(s.Announcements, Object{"bgp-advertisement", b.Advertisement})
		for _, config := range b.PeerConfigs {
			s.Announcements = append(s.Announcements, Object{"bgp-peer-" + config.Name, config})
		}
		for _, cluster := range b.Clusters {
			s.Announcements = append(s.Announcements, Object{"bgp-nodes-" + cluster.Name, cluster})
		}
	}
	for _, policy := range Policies(stack) {
		s.Policies = append(s.Policies, Object{"policy-" + policy.Name, policy})
	}
	return s
}

package cilium

import (
	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/spec"
)

// Object is a Kubernetes object of this component.
type Object struct {
	// Name tells it apart from the component's other objects.
	Name string
	// Body is the object, with its kind and name.
	Body any
}

// Objects are what the component tells Cilium once it runs.
type Objects struct {
	// Pools hold the addresses of load-balancer Services.
	Pools []Object
	// Announcements make the home network find those addresses.
	Announcements []Object
	// Policies are the baseline network policies.
	Policies []Object
}

// All lists every object, in the order in which they matter.
func (o Objects) All() []Object {
	all := append([]Object{}, o.Pools...)
	all = append(all, o.Announcements...)
	return append(all, o.Policies...)
}

// NewObjects makes the objects of a stack. The plan is that of the same stack, or
// nil without BGP.
func NewObjects(stack *spec.Stack, plan *bgp.Plan) Objects {
	var o Objects
	for _, pool := range Pools(stack) {
		o.Pools = append(o.Pools, Object{"pool-" + pool.Name, pool})
	}
	if policy := L2Policy(stack); policy != nil {
		o.Announcements = append(o.Announcements, Object{"l2", policy})
	}
	if b := BGP(stack, plan); b != nil {
		o.Announcements = append(o.Announcements, Object{"bgp-advertisement", b.Advertisement})
		for _, config := range b.PeerConfigs {
			o.Announcements = append(o.Announcements, Object{"bgp-peer-" + config.Name, config})
		}
		for _, cluster := range b.Clusters {
			o.Announcements = append(o.Announcements, Object{"bgp-nodes-" + cluster.Name, cluster})
		}
	}
	for _, policy := range Policies(stack) {
		o.Policies = append(o.Policies, Object{"policy-" + policy.Name, policy})
	}
	return o
}

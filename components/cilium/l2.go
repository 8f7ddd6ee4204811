package cilium

import (
	"github.com/home-ops/home-ops/components/cilium/ciliumio"
	"github.com/home-ops/home-ops/spec"
)

// l2Policy lets nodes answer for load-balancer addresses on their own network.
// It is nil when the stack announces them otherwise.
func l2Policy(stack *spec.Stack) *ciliumio.L2AnnouncementPolicy {
	l2 := stack.Cilium.L2
	if !l2.Enabled {
		return nil
	}
	nodes := l2.Nodes
	if len(nodes) == 0 {
		nodes = stack.LoadBalancerNodes()
	}
	return &ciliumio.L2AnnouncementPolicy{
		TypeMeta:   ciliumio.Type(ciliumio.V2alpha1, "CiliumL2AnnouncementPolicy"),
		ObjectMeta: ciliumio.Named("l2"),
		Spec: ciliumio.L2AnnouncementPolicySpec{
			NodeSelector:    nodeSelector(stack, nodes),
			Interfaces:      l2.Interfaces,
			LoadBalancerIPs: true,
		},
	}
}

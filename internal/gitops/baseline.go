package gitops

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/internal/labels"
	"github.com/home-ops/home-ops/spec"
)

// checkBaseline reports which policies are written for the cluster-wide baseline
// (components/cilium), beside a stack file that turns it off. There are two kinds of
// them, in namespaces that do not bring all policies themselves: those that put pods
// into default deny and leave to the baseline what every pod needs, so that without it
// nothing else passes; and those that only add to what the baseline allows, so that
// without it they protect nothing.
func (c *Cluster) checkBaseline(s *spec.Stack) []error {
	if s.Cilium.PolicyBaseline {
		return nil
	}
	own := map[string]bool{}
	for _, o := range c.Objects {
		if o.GetKind() == "Namespace" && o.GetLabels()[labels.NetworkPolicy] == labels.NetworkPolicyOwn {
			own[o.GetName()] = true
		}
	}
	var problems []error
	for _, o := range c.Objects {
		if !isPolicy(o) || own[o.GetNamespace()] {
			continue
		}
		why := "only adds to"
		if closes(o) {
			why = "leaves what every pod needs to"
		}
		problems = append(problems, fmt.Errorf(
			"%s: it %s the policy baseline, and cilium.policyBaseline of the stack %s is false; turn it on, or label the namespace %s: %s and give it every policy that its pods need",
			o.Where(), why, s.Name, labels.NetworkPolicy, labels.NetworkPolicyOwn))
	}
	return problems
}

func isPolicy(o Object) bool {
	return o.GetKind() == "CiliumNetworkPolicy" || o.GetKind() == "NetworkPolicy"
}

// closes reports whether a policy puts pods into default deny, in either direction
// (https://docs.cilium.io/en/stable/security/policy/intro/#policy-deny-enforcement).
func closes(o Object) bool {
	if o.GetKind() == "NetworkPolicy" {
		return true
	}
	for direction, rules := range map[string][]string{"ingress": {"ingress", "ingressDeny"}, "egress": {"egress", "egressDeny"}} {
		denies, said, _ := unstructured.NestedBool(o.Object, "spec", "enableDefaultDeny", direction)
		if said && !denies {
			continue
		}
		for _, key := range rules {
			if _, has, _ := unstructured.NestedSlice(o.Object, "spec", key); has || said {
				return true
			}
		}
	}
	return false
}

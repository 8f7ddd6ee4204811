package flows_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/rack/flows"
	"github.com/home-ops/home-ops/spec"
)

// spare are rules that no flow of the two stacks needs, and why they stay.
var spare = map[string]string{}

// TestFlows_SeeEveryRuleOfEveryPolicy takes away one rule at a time: some flow must then be decided wrongly, or nobody
// would see it missing.
func TestFlows_SeeEveryRuleOfEveryPolicy(t *testing.T) {
	if testing.Short() {
		t.Skip("asks the engine once for each rule")
	}
	seen := map[string]bool{}
	for _, name := range []string{"home", "lab"} {
		stack, objects := planned(t, name)
		for i, policy := range objects {
			if !ours(policy) {
				continue
			}
			for _, direction := range []string{"ingress", "ingressDeny", "egress", "egressDeny"} {
				rules, _, _ := unstructured.NestedSlice(policy.Object, "spec", direction)
				for rule := range rules {
					mutation := fmt.Sprintf("%s %s %s[%d]", policy.GetKind(), strings.TrimPrefix(policy.GetNamespace()+"/"+policy.GetName(), "/"), direction, rule)
					if seen[mutation] {
						continue
					}
					mutated := slices.Clone(objects)
					if changed := without(t, policy, direction, rule); changed != nil {
						mutated[i] = changed
					} else {
						mutated = slices.Delete(mutated, i, i+1)
					}
					seen[mutation] = len(wrong(t, stack, mutated)) > 0
				}
			}
		}
	}
	for mutation, red := range seen {
		if why, known := spare[mutation]; red == known {
			t.Errorf("without %s: red %t, spare for %q", mutation, red, why)
		}
	}
}

// without is a policy without one rule, or nil when it has no other: Cilium takes no empty policy.
func without(t *testing.T, policy *unstructured.Unstructured, direction string, rule int) *unstructured.Unstructured {
	t.Helper()
	changed := policy.DeepCopy()
	rules, _, _ := unstructured.NestedSlice(changed.Object, "spec", direction)
	if rules = slices.Delete(rules, rule, rule+1); len(rules) > 0 {
		if err := unstructured.SetNestedSlice(changed.Object, rules, "spec", direction); err != nil {
			t.Fatal(err)
		}
		return changed
	}
	unstructured.RemoveNestedField(changed.Object, "spec", direction)
	for _, other := range []string{"ingress", "ingressDeny", "egress", "egressDeny"} {
		if _, has, _ := unstructured.NestedSlice(changed.Object, "spec", other); has {
			return changed
		}
	}
	return nil
}

// ours reports whether a policy is the project's, and not Flux's own.
func ours(o *unstructured.Unstructured) bool {
	return strings.HasPrefix(o.GetAPIVersion(), "cilium.io/") && strings.HasSuffix(o.GetKind(), "NetworkPolicy")
}

func wrong(t *testing.T, stack *spec.Stack, objects []*unstructured.Unstructured) []flows.Finding {
	t.Helper()
	cluster, err := flows.New(stack, objects)
	if err != nil {
		t.Fatal(err)
	}
	report, err := flows.Judge(t.Context(), engine(t), cluster)
	if err != nil {
		t.Fatal(err)
	}
	return report.Wrong
}

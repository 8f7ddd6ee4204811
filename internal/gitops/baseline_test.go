package gitops_test

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/home-ops/home-ops/internal/gitops"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestCheckStack_RefusesToTakeTheBaselineFromPoliciesThatNeedIt(t *testing.T) {
	for _, stack := range []*spec.Stack{spectest.Home(t), spectest.Lab(t)} {
		cluster, problems := load(t, compose(t, stack), stack)
		report(t, problems)
		without := *stack
		without.Cilium.PolicyBaseline = false
		got := added(cluster.CheckStack(stack), cluster.CheckStack(&without))
		want := "kubernetes/apps/monitoring/namespace/nodes.yaml: CiliumNetworkPolicy monitoring/nodes: it only adds to the policy " +
			"baseline, and cilium.policyBaseline of the stack " + stack.Name + " is false; turn it on, or label the namespace " +
			"home-ops.github.io/network-policy: own and give it every policy that its pods need"
		if !slices.Contains(got, want) {
			t.Errorf("%s: got\n%s\nwithout\n%s", stack.Name, strings.Join(got, "\n"), want)
		}
	}
}

// added is what the second list has more than the first.
func added(before, after []error) []string {
	var all []string
	for _, problem := range after {
		if !slices.ContainsFunc(before, func(e error) bool { return e.Error() == problem.Error() }) {
			all = append(all, problem.Error())
		}
	}
	return all
}

func TestCheckStack_KnowsWhichPoliciesCloseAndWhichNamespacesHaveTheirOwn(t *testing.T) {
	object := func(kind, namespace string, spec map[string]any, labels map[string]any) gitops.Object {
		return gitops.Object{Unstructured: &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": kind, "spec": spec,
			"metadata": map[string]any{"name": "it", "namespace": namespace, "labels": labels},
		}}, File: "file"}
	}
	rule := []any{map[string]any{}}
	deny := func(direction string, yes bool) map[string]any { return map[string]any{direction: yes} }
	for name, test := range map[string]struct {
		policy gitops.Object
		want   string
	}{
		"a NetworkPolicy closes": {
			object("NetworkPolicy", "apps", nil, nil), "it leaves what every pod needs to the policy baseline",
		},
		"a rule without a word closes": {
			object("CiliumNetworkPolicy", "apps", map[string]any{"egress": rule}, nil), "it leaves what every pod needs to",
		},
		"so does a denial": {
			object("CiliumNetworkPolicy", "apps", map[string]any{"egressDeny": rule}, nil), "it leaves what every pod needs to",
		},
		"to say so closes without a rule": {
			object("CiliumNetworkPolicy", "apps", map[string]any{"enableDefaultDeny": deny("ingress", true)}, nil), "it leaves what every pod needs to",
		},
		"one that closes nothing adds": {
			object("CiliumNetworkPolicy", "apps", map[string]any{"egress": rule, "enableDefaultDeny": deny("egress", false)}, nil), "it only adds to",
		},
		"a namespace with its own policies needs no baseline": {
			object("NetworkPolicy", "alone", nil, nil), "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := &gitops.Cluster{
				Kustomizations: []*gitops.Kustomization{{}},
				Objects: []gitops.Object{
					test.policy, withName(object("Namespace", "", nil, map[string]any{"home-ops.github.io/network-policy": "own"}), "alone"),
				},
			}
			with, without := &spec.Stack{}, &spec.Stack{}
			with.Cilium.PolicyBaseline = true
			got := strings.Join(added(cluster.CheckStack(with), cluster.CheckStack(without)), "\n")
			if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func withName(o gitops.Object, name string) gitops.Object {
	o.SetName(name)
	return o
}

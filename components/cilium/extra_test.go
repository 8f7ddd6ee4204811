package cilium

import (
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/spec"
)

func loadDual(t *testing.T) *spec.Stack {
	t.Helper()
	stack, problems := spec.LoadFile("testdata/Pulumi.dual.yaml")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return stack
}

func valuesOf(t *testing.T, stack *spec.Stack) map[string]any {
	t.Helper()
	plan, err := bgp.New(stack)
	if err != nil {
		t.Fatal(err)
	}
	got, err := releaseValues(stack, plan)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestReleaseValues_AddsTheStacksFurtherValues(t *testing.T) {
	stack := loadDual(t)
	stack.Cilium.ExtraValues = map[string]any{
		"localRedirectPolicies": map[string]any{"enabled": true},
		"operator":              map[string]any{"resources": map[string]any{"limits": map[string]any{"memory": "128Mi"}}},
	}
	got := valuesOf(t, stack)
	operator := got["operator"].(map[string]any)
	if operator["rollOutPods"] != true || operator["resources"] == nil || got["localRedirectPolicies"] == nil {
		t.Errorf("operator: %v, localRedirectPolicies: %v", operator, got["localRedirectPolicies"])
	}
}

// What a stack may not overrule is what this program sets: no value may be left out of the list.
func TestOwnedCiliumValues_HoldsEveryValueThatIsSet(t *testing.T) {
	owned := func(path string) bool {
		for ; path != ""; path = path[:max(strings.LastIndex(path, "."), 0)] {
			if spec.OwnedCiliumValues[path] != "" {
				return true
			}
		}
		return false
	}
	var visit func(path string, value any)
	visit = func(path string, value any) {
		if tree, ok := value.(map[string]any); ok && !owned(path) {
			for key, item := range tree {
				visit(strings.TrimPrefix(path+"."+key, "."), item)
			}
			return
		}
		if !owned(path) {
			t.Errorf("%s is set, and spec.OwnedCiliumValues does not list it", path)
		}
	}
	stack := loadDual(t)
	visit("", valuesOf(t, stack))
	stack.Cilium.BGP, stack.Cilium.L2.Enabled = nil, true
	stack.Cilium.Routing, stack.Cilium.TunnelProtocol, stack.Cilium.LoadBalancerMode = spec.RoutingTunnel, spec.TunnelGeneve, spec.LoadBalancerDSR
	stack.Cilium.Encryption = spec.NetworkEncryption{Type: spec.EncryptionWireGuard, Nodes: true}
	stack.Cilium.Devices, stack.Cilium.MTU = []string{"eth0"}, 1400
	visit("", valuesOf(t, stack))
}

package edge

import (
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
)

func TestPublicDNS_SeesTheExternalGatewayAlone(t *testing.T) {
	for _, stack := range []*spec.Stack{home(t), lab(t), direct(t)} {
		got, err := publicDNSValues(stack, holderOf(stack))
		if err != nil {
			t.Fatal(err)
		}
		if sources := got["sources"].([]any); len(sources) != 1 || sources[0] != "gateway-httproute" {
			t.Errorf("%s: looks at %v", stack.Name, sources)
		}
		args := got["extraArgs"].([]any)
		if !slices.Contains(args, any("--gateway-name=external")) || got["gatewayNamespace"] != "network" {
			t.Errorf("%s: looks at gateways by %v in %v", stack.Name, args, got["gatewayNamespace"])
		}
		if got["txtOwnerId"] != stack.Name {
			t.Errorf("%s: owns records as %v", stack.Name, got["txtOwnerId"])
		}
		proxied := slices.Contains(args, any("--cloudflare-proxied"))
		if proxied != (stack.Edge.Exposure == spec.ExposureTunnel) {
			t.Errorf("%s: exposure %s, proxied %t", stack.Name, stack.Edge.Exposure, proxied)
		}
	}
}

func TestK8sGateway_AsksPublicDNSOnlyForAPublicDomain(t *testing.T) {
	for stack, want := range map[*spec.Stack]bool{home(t): true, none(t): false} {
		got, err := k8sGatewayValues(stack)
		if err != nil {
			t.Fatal(err)
		}
		asks := slices.ContainsFunc(got["extraZonePlugins"].([]any), func(p any) bool {
			return p.(map[string]any)["name"] == "forward"
		})
		if asks != want || got["fallthrough"].(map[string]any)["enabled"] != want {
			t.Errorf("%s: asks public DNS: %t, want %t", stack.Name, asks, want)
		}
	}
}

func TestPublicResolvers_AreOfAFamilyThatTheClusterHas(t *testing.T) {
	stack := lab(t)
	stack.Network.PodCIDRs = stack.Network.PodCIDRs[1:]
	got, err := k8sGatewayValues(stack)
	if err != nil {
		t.Fatal(err)
	}
	plugins := got["extraZonePlugins"].([]any)
	forward := plugins[len(plugins)-1].(map[string]any)["parameters"].(string)
	if !strings.Contains(forward, "tls://2606:4700:4700::1111") || strings.Contains(forward, "1.1.1.1 ") {
		t.Errorf("asks %s", forward)
	}
}

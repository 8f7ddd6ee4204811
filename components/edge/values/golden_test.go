package values_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/components/edge/objects"
	"github.com/home-ops/home-ops/components/edge/values"
	"github.com/home-ops/home-ops/internal/golden"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

func TestValues_MatchTheGoldens(t *testing.T) {
	for _, path := range []string{
		"../../../Pulumi.home.yaml", "../../../Pulumi.lab.yaml",
		"../testdata/Pulumi.direct.yaml", "../testdata/Pulumi.none.yaml",
	} {
		stack := spectest.Load(t, path)
		check := func(name string, build func(*spec.Stack) (map[string]any, error)) {
			t.Run(stack.Name+"/"+name, func(t *testing.T) {
				got, err := build(stack)
				if err != nil {
					t.Fatal(err)
				}
				golden.Documents(t, filepath.Join(stack.Name, name+".yaml"), got)
			})
		}
		check("cert-manager", values.CertManager)
		if objects.Published(stack) {
			check(values.PublicDNS, values.ExternalDNSCloudflare)
		}
		if stack.Edge.DNS.UniFi != nil {
			check(values.HomeDNS, values.ExternalDNSUniFi)
		}
		if len(stack.Edge.Gateways.DNS) > 0 {
			check("k8s-gateway", values.K8sGateway)
		}
	}
}

func TestExternalDNSCloudflare_SeesTheExternalGatewayAlone(t *testing.T) {
	for _, path := range []string{
		"../../../Pulumi.home.yaml", "../../../Pulumi.lab.yaml", "../testdata/Pulumi.direct.yaml",
	} {
		stack := spectest.Load(t, path)
		got, err := values.ExternalDNSCloudflare(stack)
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

func TestK8sGateway_AsksThePublicOnlyForAPublicDomain(t *testing.T) {
	for path, want := range map[string]bool{
		"../../../Pulumi.home.yaml": true, "../testdata/Pulumi.none.yaml": false,
	} {
		got, err := values.K8sGateway(spectest.Load(t, path))
		if err != nil {
			t.Fatal(err)
		}
		asks := slices.ContainsFunc(got["extraZonePlugins"].([]any), func(p any) bool {
			return p.(map[string]any)["name"] == "forward"
		})
		if asks != want || got["fallthrough"].(map[string]any)["enabled"] != want {
			t.Errorf("%s: asks the public: %t, want %t", path, asks, want)
		}
	}
}

func TestPublicResolvers_AreOfAFamilyThatTheClusterHas(t *testing.T) {
	stack := spectest.Load(t, "../../../Pulumi.lab.yaml")
	stack.Network.PodCIDRs = stack.Network.PodCIDRs[1:]
	got, err := values.K8sGateway(stack)
	if err != nil {
		t.Fatal(err)
	}
	plugins := got["extraZonePlugins"].([]any)
	forward := plugins[len(plugins)-1].(map[string]any)["parameters"].(string)
	if !strings.Contains(forward, "tls://2606:4700:4700::1111") || strings.Contains(forward, "1.1.1.1 ") {
		t.Errorf("asks %s", forward)
	}
}

package upstream_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	ciliumvalues "github.com/home-ops/home-ops/components/cilium/values"
	"github.com/home-ops/home-ops/rack/upstream"
	"github.com/home-ops/home-ops/spec"
)

// stacks are every stack of the project and the fixture with everything on.
func stacks(t *testing.T) []*spec.Stack {
	t.Helper()
	paths, err := filepath.Glob("../../Pulumi.*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []*spec.Stack
	for _, path := range append(paths, "../../components/cilium/testdata/Pulumi.dual.yaml") {
		stack, problems := spec.LoadFile(path)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		out = append(out, stack)
	}
	return append(out, everything(t))
}

// everything is a stack with each option of Cilium away from its default.
func everything(t *testing.T) *spec.Stack {
	t.Helper()
	stack, problems := spec.LoadFile("../../components/cilium/testdata/Pulumi.dual.yaml")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	stack.Name = "everything"
	c := &stack.Cilium
	c.Routing, c.TunnelProtocol, c.LoadBalancerMode = spec.RoutingTunnel, spec.TunnelGeneve, spec.LoadBalancerDSR
	c.Devices, c.MTU, c.Exclusive = []string{"enp+", "bond0"}, 8950, false
	c.Encryption = spec.NetworkEncryption{Type: spec.EncryptionWireGuard, Nodes: true}
	c.HostFirewall, c.BandwidthManager, c.L2.Enabled = true, true, true
	return stack
}

func release(t *testing.T, version spec.Version) upstream.Cilium {
	t.Helper()
	if testing.Short() {
		t.Skip("downloads Cilium's module, 100 MB")
	}
	found, err := upstream.FindCilium(context.Background(), version)
	if err != nil {
		t.Skipf("Cilium's module cannot be had here: %v", err)
	}
	return found
}

func plan(t *testing.T, stack *spec.Stack) *bgp.Plan {
	t.Helper()
	p, err := bgp.New(stack)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func values(t *testing.T, stack *spec.Stack) map[string]any {
	t.Helper()
	v, err := ciliumvalues.For(stack, plan(t, stack))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCiliumValues_AreKnownToTheChart(t *testing.T) {
	for _, stack := range stacks(t) {
		t.Run(stack.Name, func(t *testing.T) {
			dir := release(t, stack.Versions.Cilium).Chart()
			c := load(t, dir)
			for _, path := range unknown(values(t, stack), c.Values, "", templates(t, dir)) {
				t.Errorf("the chart has no value %s", path)
			}
		})
	}
}

func TestCiliumChart_RendersWithTheValues(t *testing.T) {
	for _, stack := range stacks(t) {
		t.Run(stack.Name, func(t *testing.T) {
			c := load(t, release(t, stack.Versions.Cilium).Chart())
			// The chart's schema is applied here.
			input, err := chartutil.ToRenderValues(c, values(t, stack),
				chartutil.ReleaseOptions{Name: "cilium", Namespace: "kube-system", IsInstall: true}, capabilities(stack))
			if err != nil {
				t.Fatal(err)
			}
			files, err := engine.Render(c, input)
			if err != nil {
				t.Fatal(err)
			}
			expect(t, stack, files)
		})
	}
}

func TestCiliumValues_AskForTheChartsCapabilitiesExceptOne(t *testing.T) {
	for _, stack := range stacks(t) {
		c := load(t, release(t, stack.Versions.Cilium).Chart())
		for _, container := range []string{"ciliumAgent", "cleanCiliumState"} {
			want := slices.DeleteFunc(capabilitiesOf(c.Values, container), func(name any) bool { return name == "SYS_MODULE" })
			if got := capabilitiesOf(values(t, stack), container); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: %s asks for %v, want %v", stack.Name, container, got, want)
			}
		}
	}
}

func capabilitiesOf(values map[string]any, container string) []any {
	all := values["securityContext"].(map[string]any)["capabilities"].(map[string]any)
	return all[container].([]any)
}

// expect looks at what matters most in the rendered chart.
func expect(t *testing.T, stack *spec.Stack, files map[string]string) {
	t.Helper()
	var config struct{ Data map[string]string }
	if err := yaml.Unmarshal([]byte(files["cilium/templates/cilium-configmap.yaml"]), &config); err != nil {
		t.Fatal(err)
	}
	_, has4 := stack.Network.PodCIDR4()
	_, has6 := stack.Network.PodCIDR6()
	for key, want := range map[string]string{
		"cluster-name":              stack.Cluster.Name,
		"routing-mode":              string(stack.Cilium.Routing),
		"ipam":                      "kubernetes",
		"kube-proxy-replacement":    "true",
		"enable-bpf-masquerade":     "true",
		"enable-ipv4":               fmt.Sprint(has4),
		"enable-ipv6":               fmt.Sprint(has6),
		"k8s-require-ipv4-pod-cidr": fmt.Sprint(has4),
		"enable-gateway-api":        "true",
		"bpf-lb-mode":               string(stack.Cilium.LoadBalancerMode),
		"bpf-lb-algorithm":          "maglev",
	} {
		if got := config.Data[key]; got != want {
			t.Errorf("cilium-config: %s is %q, want %q", key, got, want)
		}
	}
	for key, want := range map[string]bool{
		"enable-l2-announcements":  stack.Cilium.L2.Enabled,
		"enable-bgp-control-plane": stack.Cilium.BGP != nil,
		"enable-wireguard":         stack.Cilium.Encryption.Type == spec.EncryptionWireGuard,
	} {
		if got := config.Data[key] == "true"; got != want {
			t.Errorf("cilium-config: %s is %q, want %t", key, config.Data[key], want)
		}
	}
	agent := files["cilium/templates/cilium-agent/daemonset.yaml"]
	if !strings.Contains(agent, "SYS_ADMIN") || strings.Contains(agent, "SYS_MODULE") {
		t.Error("the agent's capabilities are not those that Talos allows")
	}
	if !strings.Contains(files["cilium/templates/cilium-gateway-api-class.yaml"], "GatewayClass") {
		t.Error("no GatewayClass is made")
	}
}

// capabilities are those of a cluster whose discovery has not seen the Gateway
// API's kinds yet.
func capabilities(stack *spec.Stack) *chartutil.Capabilities {
	c := *chartutil.DefaultCapabilities
	c.KubeVersion = chartutil.KubeVersion{Version: string(stack.Cluster.KubernetesVersion), Major: "1", Minor: "34"}
	return &c
}

func load(t *testing.T, dir string) *chart.Chart {
	t.Helper()
	c, err := loader.LoadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// unknown lists the paths in ours that are neither in the chart's values nor read
// by a template: a few values stand in the chart's file as comments alone.
func unknown(ours, chart map[string]any, at, templates string) []string {
	var paths []string
	for key, value := range ours {
		path := strings.TrimPrefix(at+"."+key, ".")
		theirs, known := chart[key]
		if !known && !reads(templates, path) {
			paths = append(paths, path)
			continue
		}
		inner, isMap := value.(map[string]any)
		if below, ok := theirs.(map[string]any); isMap && ok && len(below) > 0 {
			paths = append(paths, unknown(inner, below, path, templates)...)
		}
	}
	slices.Sort(paths)
	return paths
}

func reads(templates, path string) bool {
	return regexp.MustCompile(regexp.QuoteMeta(".Values."+path) + `\b`).MatchString(templates)
}

func templates(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(filepath.Join(dir, "templates"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestUnknown_FindsMisspeltValues(t *testing.T) {
	chart := map[string]any{"cgroup": map[string]any{"autoMount": map[string]any{"enabled": true}}, "devices": nil}
	ours := map[string]any{
		"cgroup": map[string]any{"automount": map[string]any{"enabled": false}}, "devices": []any{"x"}, "mode": "dsr", "modes": 1,
	}
	got := unknown(ours, chart, "", `{{ .Values.mode }}`)
	if want := []string{"cgroup.automount", "modes"}; !slices.Equal(got, want) {
		t.Errorf("unknown %v, want %v", got, want)
	}
}

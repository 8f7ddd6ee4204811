package cilium

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/cilium/gatewayapi"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

const password = "hunter2"

// kinds stand for a release of the Gateway API.
func kinds(context.Context, spec.Version, spec.GatewayChannel) ([]gatewayapi.Object, error) {
	object := func(kind, name string) gatewayapi.Object {
		return gatewayapi.Object{
			"apiVersion": "apiextensions.k8s.io/v1", "kind": kind, "metadata": map[string]any{"name": name},
		}
	}
	return []gatewayapi.Object{
		object("CustomResourceDefinition", "gateways.gateway.networking.k8s.io"),
		object("CustomResourceDefinition", "httproutes.gateway.networking.k8s.io"),
		object("ValidatingAdmissionPolicy", "safe-upgrades.gateway.networking.k8s.io"),
	}, nil
}

// run makes the component of a stack and returns what was registered.
func run(t *testing.T, stack *spec.Stack, change ...func(*Args)) (*recorder.Recorder, error) {
	t.Helper()
	rec := &recorder.Recorder{Outputs: func(r recorder.Resource) (string, resource.PropertyMap, error) {
		if r.Type != releaseType {
			return "", nil, nil
		}
		return "", resource.NewPropertyMapFromMap(map[string]any{"status": map[string]any{"status": "deployed"}}), nil
	}}
	err := rec.Run(func(ctx *pulumi.Context) error {
		provider, err := kubernetes.NewProvider(ctx, "cluster", &kubernetes.ProviderArgs{Kubeconfig: pulumi.String("kubeconfig")})
		if err != nil {
			return err
		}
		args := &Args{
			Stack: stack, Provider: provider, GatewayKinds: kinds,
			BGPPasswords: map[spec.SecretRef]pulumi.StringInput{},
		}
		for _, ref := range PasswordRefs(stack) {
			args.BGPPasswords[ref] = pulumi.ToSecret(pulumi.String(password)).(pulumi.StringOutput)
		}
		for _, apply := range change {
			apply(args)
		}
		_, err = NewCiliumNetworking(ctx, "cilium", args)
		return err
	}, stack.Name)
	return rec, err
}

const releaseType = "kubernetes:helm.sh/v3:Release"

// registered is run for a stack that must work.
func registered(t *testing.T, stack *spec.Stack) *recorder.Recorder {
	t.Helper()
	rec, err := run(t, stack)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func TestCiliumNetworking_InstallsTheGatewayKindsBeforeCilium(t *testing.T) {
	rec := registered(t, spectest.Home(t))
	want := []string{"cilium-gateway-api-gateways", "cilium-gateway-api-httproutes"}
	if got := rec.Find(t, "cilium-release").Dependencies(); !slices.Equal(got, want) {
		t.Errorf("the release waits for %v, want %v", got, want)
	}
	for _, name := range want {
		if !rec.Find(t, name).Request.GetRetainOnDelete() {
			t.Errorf("%s is deleted with every object of its kind", name)
		}
	}
}

// Its policies refuse an older release and another channel.
func TestCiliumNetworking_LeavesOutWhatWouldKeepTheGatewayAPIFromBeingSetBack(t *testing.T) {
	for _, r := range registered(t, spectest.Home(t)).Resources() {
		if strings.Contains(r.Name, "safe-upgrades") || strings.Contains(r.Type, "ValidatingAdmissionPolicy") {
			t.Errorf("%s (%s) is in the cluster", r.Name, r.Type)
		}
	}
}

func TestCiliumNetworking_TellsCiliumOnlyOnceItRuns(t *testing.T) {
	rec := registered(t, dual(t))
	own := 0
	for _, r := range rec.Resources() {
		if strings.HasPrefix(r.Type, "kubernetes:cilium.io/") {
			own++
			if got := r.Dependencies(); !slices.Equal(got, []string{"cilium-release"}) {
				t.Errorf("%s waits for %v", r.Name, got)
			}
		}
	}
	if own != 11 {
		t.Errorf("%d objects of Cilium's kinds, want 11: %v", own, rec.Names())
	}
}

func TestCiliumNetworking_PutsEverythingIntoTheCluster(t *testing.T) {
	for _, r := range registered(t, dual(t)).Resources() {
		if strings.HasPrefix(r.Type, "kubernetes:") && !strings.Contains(r.Request.GetProvider(), "::cluster::") {
			t.Errorf("%s has provider %q", r.Name, r.Request.GetProvider())
		}
		if strings.HasPrefix(r.Type, "kubernetes:") && !strings.HasSuffix(r.Request.GetParent(), "::cilium") {
			t.Errorf("%s has parent %q", r.Name, r.Request.GetParent())
		}
	}
}

func TestCiliumNetworking_GivesTheChartItsVersionAndValues(t *testing.T) {
	stack := spectest.Home(t)
	stack.Versions.Cilium = "1.18.3"
	release := registered(t, stack).Find(t, "cilium-release")
	for key, want := range map[resource.PropertyKey]string{
		"chart": "oci://quay.io/cilium/charts/cilium", "version": "1.18.3",
		"name": "cilium", "namespace": "kube-system",
	} {
		if got := release.Inputs[key]; !got.IsString() || got.StringValue() != want {
			t.Errorf("%s is %v, want %s", key, got, want)
		}
	}
	values := release.Inputs["values"].Mappable().(map[string]any)
	if got := values["hubble"].(map[string]any)["metrics"].(map[string]any)["enabled"].([]any)[0]; got != "dns:query" {
		t.Errorf("the first Hubble metric is %v", got)
	}
	if release.Inputs.HasValue("atomic") {
		t.Error("a failed upgrade would take the network away")
	}
}

func TestCiliumNetworking_KeepsPasswordsSecret(t *testing.T) {
	rec := registered(t, dual(t))
	if leaks := rec.PlaintextOf(password); len(leaks) > 0 {
		t.Errorf("the password stands in %v", leaks)
	}
	secret := rec.Find(t, "cilium-bgp-password-gateway")
	peer := rec.Find(t, "cilium-bgp-peer-gateway")
	name := secret.Inputs["metadata"].ObjectValue()["name"].StringValue()
	if got := peer.Inputs["spec"].ObjectValue()["authSecretRef"].StringValue(); got != name {
		t.Errorf("the peer asks for Secret %s, the password is in %s", got, name)
	}
	data, _ := secret.Value("stringData")
	if got := data.ObjectValue()["password"]; got.IsNull() {
		t.Error("the Secret has no key password, which Cilium reads")
	}
}

// changed lists the resources whose inputs differ between two stacks.
func changed(t *testing.T, before, after *spec.Stack) []string {
	t.Helper()
	inputs := func(stack *spec.Stack) map[string]resource.PropertyMap {
		out := map[string]resource.PropertyMap{}
		for _, r := range registered(t, stack).Resources() {
			if strings.HasPrefix(r.Type, "kubernetes:") {
				out[r.Name] = r.Inputs
			}
		}
		return out
	}
	old, now := inputs(before), inputs(after)
	var names []string
	for name := range now {
		if _, known := old[name]; !known || !old[name].DeepEquals(now[name]) {
			names = append(names, name)
		}
	}
	for name := range old {
		if _, kept := now[name]; !kept {
			names = append(names, "-"+name)
		}
	}
	slices.Sort(names)
	return names
}

func TestCiliumNetworking_ChangesExactlyWhatTheStackChanges(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*spec.Stack)
		want   []string
	}{
		"nothing": {func(*spec.Stack) {}, nil},
		"the addresses of a pool": {func(s *spec.Stack) {
			s.Cilium.Pools[1].Blocks[0].Last = netip.MustParseAddr("10.0.62.40")
		}, []string{"cilium-pool-media"}},
		"the nodes' ASN": {func(s *spec.Stack) {
			s.Cilium.BGP.LocalASN = 64515
		}, []string{"cilium-bgp-nodes-bgp"}},
		"the timers of a peer": {func(s *spec.Stack) {
			s.Cilium.BGP.Peers[1].HoldTime = spec.Duration(90e9)
		}, []string{"cilium-bgp-peer-gateway-v6"}},
		"a node that joins": {func(s *spec.Stack) {
			joined := s.Nodes[2]
			joined.Name, joined.Address = "n-4", netip.MustParseAddr("10.0.60.14")
			joined.SecondaryAddresses = []netip.Addr{netip.MustParseAddr("fd00:60::14")}
			s.Nodes = append(s.Nodes, joined)
		}, nil},
		"Cilium's version": {func(s *spec.Stack) {
			s.Versions.Cilium = "1.18.3"
		}, []string{"cilium-release"}},
		"the baseline": {func(s *spec.Stack) {
			s.Cilium.PolicyBaseline = false
		}, []string{"-cilium-policy-baseline-egress", "-cilium-policy-baseline-ingress"}},
		"Hubble's UI": {func(s *spec.Stack) {
			s.Cilium.Hubble.UI = false
		}, []string{"-cilium-policy-hubble-ui", "cilium-release"}},
	} {
		t.Run(name, func(t *testing.T) {
			after := dual(t)
			test.change(after)
			if got := changed(t, dual(t), after); !slices.Equal(got, test.want) {
				t.Errorf("changes %v, want %v", got, test.want)
			}
		})
	}
}

func TestCiliumNetworking_RefusesWhatCouldNotWorkBeforeAnythingExists(t *testing.T) {
	deaf := dual(t)
	deaf.Nodes[0].SecondaryAddresses = nil
	for name, test := range map[string]struct {
		stack  *spec.Stack
		change func(*Args)
		want   string
	}{
		"no provider": {
			spectest.Home(t), func(a *Args) { a.Provider = nil },
			"cilium: Provider is missing: objects would go wherever the user's kubeconfig points",
		},
		"a password that nobody has": {
			dual(t), func(a *Args) { a.BGPPasswords = nil },
			"cilium: no BGP password was given for op://lab/bgp/password",
		},
		"a node that cannot peer": {
			deaf, func(*Args) {},
			"cilium: cilium.bgp.peers[1] (gateway-v6): node n-1 has no IPv6 address to peer with fd00:60::1 from; " +
				"give it one in secondaryAddresses, or name the peer's nodes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			rec, err := run(t, test.stack, test.change)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %s", err, test.want)
			}
			for _, r := range rec.Resources() {
				if r.Type != "pulumi:providers:kubernetes" {
					t.Errorf("%s was registered", r.Name)
				}
			}
		})
	}
}

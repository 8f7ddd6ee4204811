package edge

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func TestEdgeAccess_MakesEachThingAfterWhatItNeeds(t *testing.T) {
	rec := registered(t, lab(t))
	for name, want := range map[string][]string{
		"edge-namespace-network":  nil,
		"edge-policy-cloudflared": {"cilium", "pool"},
		"edge-cert-manager":       {"cilium", "edge-namespace-cert-manager", "pool"},
		"edge-issuer":             {"edge-cert-manager", "edge-cert-manager-token"},
		"edge-certificate":        {"edge-issuer", "edge-namespace-network"},
		"edge-gateway-external":   {"cilium", "edge-namespace-network", "kinds", "pool"},
		"edge-redirect":           {"edge-gateway-external", "edge-gateway-internal"},
		// The connectors trust the CA of the certificate.
		"edge-cloudflared": {
			"cilium", "edge-certificate", "edge-letsencrypt-staging-roots", "edge-tunnel", "edge-tunnel-token", "pool",
		},
		"edge-tunnel":          {"cilium", "pool"},
		"edge-external-record": {"edge-tunnel"},
		"edge-external-dns-cloudflare": {
			"cilium", "edge-external-dns-token", "edge-namespace-network", "kinds", "pool",
		},
		"edge-external-dns-unifi": {"cilium", "edge-namespace-network", "edge-unifi-key", "kinds", "pool"},
		"edge-k8s-gateway":        {"cilium", "edge-namespace-network", "kinds", "pool"},
	} {
		if got := rec.Find(t, name).Dependencies(); !slices.Equal(got, want) {
			t.Errorf("%s waits for %v, want %v", name, got, want)
		}
	}
}

func TestEdgeAccess_MakesTheCABeforeWhatItSigns(t *testing.T) {
	rec := registered(t, none(t))
	for name, want := range map[string][]string{
		"edge-issuer-selfsigned": {"edge-cert-manager"},
		"edge-authority":         {"edge-cert-manager", "edge-issuer-selfsigned"},
		"edge-issuer":            {"edge-authority", "edge-cert-manager", "edge-issuer-selfsigned"},
	} {
		if got := rec.Find(t, name).Dependencies(); !slices.Equal(got, want) {
			t.Errorf("%s waits for %v, want %v", name, got, want)
		}
	}
}

func TestEdgeAccess_ProtectsTheTunnelAlone(t *testing.T) {
	for _, r := range registered(t, home(t)).Resources() {
		if got, want := r.Request.GetProtect(), r.Type == tunnelType; got != want {
			t.Errorf("%s: protected %t", r.Name, got)
		}
	}
}

func TestEdgeAccess_GivesOutItsGatewaysIssuerAndTunnel(t *testing.T) {
	exports := registered(t, lab(t)).Exports()
	var gateways []string
	for _, urn := range exports["gateways"].ArrayValue() {
		gateways = append(gateways, urn.StringValue()[strings.LastIndex(urn.StringValue(), "::")+2:])
	}
	if want := []string{"edge-gateway-internal", "edge-gateway-external"}; !slices.Equal(gateways, want) {
		t.Errorf("gateways %v, want %v", gateways, want)
	}
	for output, want := range map[resource.PropertyKey]string{"issuer": "letsencrypt-staging", "tunnel": "the-tunnel"} {
		if got := exports[output].StringValue(); got != want {
			t.Errorf("%s is %q, want %q", output, got, want)
		}
	}
}

func TestEdgeAccess_CanBePreviewedBeforeTheClusterExists(t *testing.T) {
	for _, stack := range stacks(t) {
		rec := newRecorder()
		if err := rec.Preview(program(stack), stack.Name); err != nil {
			t.Fatal(stack.Name, err)
		}
		if got, want := rec.Names(), registered(t, stack).Names(); !slices.Equal(got, want) {
			t.Errorf("%s: previews %v, makes %v", stack.Name, got, want)
		}
	}
}

func TestEdgeAccess_ReportsEverythingThatIsMissing(t *testing.T) {
	stack := lab(t)
	stack.Edge.Gateways.Internal, stack.Edge.Gateways.External = nil, nil
	err := newRecorder().Run(program(stack, func(a *Args) {
		a.Provider, a.Seed, a.CloudflareToken, a.UniFiKey = nil, nil, nil, nil
	}), stack.Name)
	want := strings.Join([]string{
		"edge: Provider is missing: objects would go wherever the user's kubeconfig points",
		"edge: the stack has no edge.gateways",
		"edge: CloudflareToken is missing: the stack has edge.cloudflare",
		"edge: Seed is missing: the stack has a tunnel",
		"edge: UniFiKey is missing: the stack has edge.dns.unifi",
	}, "\n")
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

package edge

import (
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/internal/outside"
	"github.com/home-ops/home-ops/internal/outside/outsidetest"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

const (
	theToken = "the token of the account"
	theKey   = "the key of the router"

	theCredential = "what opens the zone"

	theSeed   = "a seed as long as key material is"
	theCACert = "-----BEGIN CERTIFICATE-----"
	theCAKey  = "-----BEGIN PRIVATE KEY-----"
	newToken  = "a token for records alone"
	runTunnel = "what a connector runs the tunnel with"
	theZone   = "0123456789abcdef0123456789abcdef"
)

const (
	tunnelType    = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared"
	configType    = "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig"
	dnsRecordType = "cloudflare:index/record:Record"
	tokenType     = "cloudflare:index/apiToken:ApiToken"
	settingsType  = "cloudflare:index/zoneSettingsOverride:ZoneSettingsOverride"
	releaseType   = "kubernetes:helm.sh/v3:Release"
)

func home(t *testing.T) *spec.Stack   { return spectest.Home(t) }
func lab(t *testing.T) *spec.Stack    { return spectest.Lab(t) }
func direct(t *testing.T) *spec.Stack { return spectest.Load(t, "testdata/Pulumi.direct.yaml") }
func none(t *testing.T) *spec.Stack   { return spectest.Load(t, "testdata/Pulumi.none.yaml") }
func ownCA(t *testing.T) *spec.Stack  { return spectest.Load(t, "testdata/Pulumi.own-ca.yaml") }

func digitalOcean(t *testing.T) *spec.Stack {
	return spectest.Load(t, "testdata/Pulumi.digitalocean.yaml")
}
func domains(t *testing.T) *spec.Stack { return spectest.Load(t, "testdata/Pulumi.domains.yaml") }

func route53(t *testing.T) *spec.Stack { return spectest.Load(t, "testdata/Pulumi.route53.yaml") }

// stacks are home and lab, and one for each exposure, issuer and holder of public records
// that they do not have, and two with further domains.
func stacks(t *testing.T) []*spec.Stack {
	return []*spec.Stack{home(t), lab(t), direct(t), none(t), ownCA(t), digitalOcean(t), route53(t), domains(t), spectest.Load(t, "testdata/Pulumi.domains-route53.yaml")}
}

// answer is what Cloudflare returns for a resource.
func answer(res recorder.Resource) (string, resource.PropertyMap, error) {
	switch res.Type {
	case tunnelType:
		return "the-tunnel", resource.NewPropertyMapFromMap(map[string]any{
			"cname": "the-tunnel.cfargotunnel.com", "tunnelToken": runTunnel,
		}), nil
	case tokenType:
		return "", resource.NewPropertyMapFromMap(map[string]any{"value": newToken}), nil
	}
	return "", nil, nil
}

func newRecorder() *recorder.Recorder { return &recorder.Recorder{Outputs: answer} }

// accountOf is an account in which there is nothing but the stack's zone.
func accountOf(stack *spec.Stack) *outside.Cloudflare {
	if stack.Edge.Cloudflare == nil {
		return nil
	}
	return outside.NewCloudflare(outsidetest.Nothing(map[string]string{stack.Edge.Cloudflare.Zone: theZone}), func(string) {})
}

// program makes the component of a stack, on stand-ins for what it needs.
func program(stack *spec.Stack, change ...func(*Args)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		provider, err := kubernetes.NewProvider(ctx, "cluster", &kubernetes.ProviderArgs{Kubeconfig: pulumi.String("kubeconfig")})
		if err != nil {
			return err
		}
		var standIns []pulumi.Resource
		for _, name := range []string{"kinds", "cilium", "pool"} {
			var r pulumi.CustomResourceState
			if err := ctx.RegisterResource("test:index:StandIn", name, pulumi.Map{}, &r); err != nil {
				return err
			}
			standIns = append(standIns, &r)
		}
		args := &Args{
			Stack: stack, Provider: provider,
			GatewayAPI: standIns[:1], Network: standIns[1:2], LoadBalancer: standIns[2:],
			Seed: sealed(theSeed), CloudflareToken: sealed(theToken), UniFiKey: sealed(theKey),
			DNSCredential: sealed(theCredential),
			Cloudflare:    accountOf(stack),
			CACert:        pulumi.String(theCACert), CAKey: sealed(theCAKey),
		}
		for _, set := range change {
			set(args)
		}
		access, err := NewEdgeAccess(ctx, "edge", args)
		if err != nil {
			return err
		}
		var gateways pulumi.StringArray
		for _, gateway := range access.Gateways {
			gateways = append(gateways, gateway.URN().ToStringOutput())
		}
		ctx.Export("gateways", gateways)
		ctx.Export("issuer", access.Issuer)
		ctx.Export("tunnel", access.TunnelID)
		return nil
	}
}

func sealed(text string) pulumi.StringInput {
	return pulumi.ToSecret(pulumi.String(text)).(pulumi.StringOutput)
}

// registered is what a stack that must work makes.
func registered(t *testing.T, stack *spec.Stack) *recorder.Recorder {
	t.Helper()
	rec := newRecorder()
	if err := rec.Run(program(stack), stack.Name); err != nil {
		t.Fatal(err)
	}
	return rec
}

// plain is a resource's inputs without secret marks.
func plain(r recorder.Resource) map[string]any { return r.Inputs.Mappable() }

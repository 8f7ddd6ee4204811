package edge_test

import (
	"fmt"
	"testing"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/edge"
	"github.com/home-ops/home-ops/internal/recorder"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

const (
	theToken  = "the token of the account"
	theKey    = "the key of the router"
	theSeed   = "a seed as long as key material is"
	theCAKey  = "-----BEGIN PRIVATE KEY-----"
	newToken  = "a token for records alone"
	runTunnel = "what a connector runs the tunnel with"
	theZone   = "0123456789abcdef0123456789abcdef"
)

const (
	tunnelType   = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared"
	configType   = "cloudflare:index/zeroTrustTunnelCloudflaredConfig:ZeroTrustTunnelCloudflaredConfig"
	recordType   = "cloudflare:index/record:Record"
	tokenType    = "cloudflare:index/apiToken:ApiToken"
	settingsType = "cloudflare:index/zoneSettingsOverride:ZoneSettingsOverride"
	releaseType  = "kubernetes:helm.sh/v3:Release"
)

func home(t *testing.T) *spec.Stack   { return spectest.Load(t, "../../Pulumi.home.yaml") }
func lab(t *testing.T) *spec.Stack    { return spectest.Load(t, "../../Pulumi.lab.yaml") }
func direct(t *testing.T) *spec.Stack { return spectest.Load(t, "testdata/Pulumi.direct.yaml") }
func none(t *testing.T) *spec.Stack   { return spectest.Load(t, "testdata/Pulumi.none.yaml") }
func ownCA(t *testing.T) *spec.Stack  { return spectest.Load(t, "testdata/Pulumi.own-ca.yaml") }

// answer says what Cloudflare would.
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

// zone answers the look-up of a zone, of the right account.
func zone(token string, args resource.PropertyMap) (resource.PropertyMap, error) {
	if token != "cloudflare:index/getZone:getZone" || args["accountId"].StringValue() == "" {
		return nil, fmt.Errorf("%s of %v", token, args)
	}
	return resource.NewPropertyMapFromMap(map[string]any{"id": theZone, "name": args["name"].StringValue()}), nil
}

func newRecorder() *recorder.Recorder { return &recorder.Recorder{Outputs: answer, Invokes: zone} }

// program makes the component of a stack after what it needs.
func program(stack *spec.Stack, change ...func(*edge.Args)) pulumi.RunFunc {
	return func(ctx *pulumi.Context) error {
		provider, err := kubernetes.NewProvider(ctx, "cluster", &kubernetes.ProviderArgs{Kubeconfig: pulumi.String("kubeconfig")})
		if err != nil {
			return err
		}
		var standIns []pulumi.Resource
		for _, name := range []string{"kinds", "cilium"} {
			var r pulumi.CustomResourceState
			if err := ctx.RegisterResource("test:index:StandIn", name, pulumi.Map{}, &r); err != nil {
				return err
			}
			standIns = append(standIns, &r)
		}
		args := &edge.Args{
			Stack: stack, Provider: provider, GatewayKinds: standIns[:1], Network: standIns[1:],
			Seed: secret(theSeed), CloudflareToken: secret(theToken), UniFiKey: secret(theKey),
			CACert: pulumi.String("-----BEGIN CERTIFICATE-----"), CAKey: secret(theCAKey),
		}
		for _, apply := range change {
			apply(args)
		}
		access, err := edge.New(ctx, "edge", args)
		if err != nil {
			return err
		}
		ctx.Export("issuer", access.Issuer)
		ctx.Export("tunnel", access.TunnelID)
		return nil
	}
}

func secret(text string) pulumi.StringInput {
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

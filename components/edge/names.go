package edge

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/home-ops/home-ops/components/edge/objects"
	"github.com/home-ops/home-ops/components/edge/values"
	"github.com/home-ops/home-ops/internal/helm"
)

// The charts that publish names.
const (
	externalDNSChart = "oci://ghcr.io/home-operations/charts-mirror/external-dns"
	k8sGatewayChart  = "oci://ghcr.io/k8s-gateway/charts/k8s-gateway"
)

// publicNames publishes the external gateway's names to the world.
func (b *builder) publicNames(a *account) error {
	if !objects.Published(b.stack) {
		return nil
	}
	token, err := b.secret("external-dns-token", objects.Namespace,
		objects.CloudflareToken, objects.TokenKey, a.clusterToken, b.network)
	if err != nil {
		return err
	}
	chartValues, err := values.ExternalDNSCloudflare(b.stack)
	if err != nil {
		return err
	}
	return b.externalDNS(values.PublicDNS, chartValues, a.clusterToken, token)
}

// homeNames publishes the names of both gateways to the home, at the router and by
// a server of our own.
func (b *builder) homeNames() error {
	if b.stack.Edge.DNS.UniFi != nil {
		key, err := b.secret("unifi-key", objects.Namespace,
			objects.UniFiKey, objects.KeyKey, b.args.UniFiKey, b.network)
		if err != nil {
			return err
		}
		chartValues, err := values.ExternalDNSUniFi(b.stack)
		if err != nil {
			return err
		}
		if err := b.externalDNS(values.HomeDNS, chartValues, b.args.UniFiKey, key); err != nil {
			return err
		}
	}
	if len(b.stack.Edge.Gateways.DNS) == 0 {
		return nil
	}
	chartValues, err := values.K8sGateway(b.stack)
	if err != nil {
		return err
	}
	_, err = b.release(&helm.Args{
		Name:      "k8s-gateway",
		Chart:     k8sGatewayChart,
		Version:   string(b.stack.Versions.K8sGateway),
		Namespace: objects.Namespace,
		Values:    pulumi.ToMap(chartValues),
	}, b.afterKinds()...)
	return err
}

// externalDNS starts anew when its credential changes, which it reads once.
func (b *builder) externalDNS(
	name string, chartValues map[string]any, credential pulumi.StringInput, secret pulumi.Resource,
) error {
	all := pulumi.ToMap(chartValues)
	all["podAnnotations"] = pulumi.Map{rolloutAnnotation: fingerprint(credential)}
	_, err := b.release(&helm.Args{
		Name:      name,
		Chart:     externalDNSChart,
		Version:   string(b.stack.Versions.ExternalDNS),
		Namespace: objects.Namespace,
		Values:    all,
	}, append(b.afterKinds(), secret)...)
	return err
}

// afterKinds is for what reads gateways and routes: it does not start without their
// kinds.
func (b *builder) afterKinds() []pulumi.Resource {
	return append(slices.Clone(b.args.GatewayKinds), b.network)
}

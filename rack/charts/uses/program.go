package uses

import (
	"github.com/home-ops/home-ops/components/cilium/bgp"
	ciliumvalues "github.com/home-ops/home-ops/components/cilium/values"
	edgeobjects "github.com/home-ops/home-ops/components/edge/objects"
	edgevalues "github.com/home-ops/home-ops/components/edge/values"
	fluxvalues "github.com/home-ops/home-ops/components/flux/values"
	rookvalues "github.com/home-ops/home-ops/components/rook/values"
	storeobjects "github.com/home-ops/home-ops/components/secretstore/objects"
	storevalues "github.com/home-ops/home-ops/components/secretstore/values"
	"github.com/home-ops/home-ops/spec"
)

// installed is a release of the program.
type installed struct {
	when                      bool
	place, release, namespace string
	version                   spec.Version
	values                    func(*spec.Stack) (map[string]any, error)
}

// ofProgram are the releases that the program makes.
func ofProgram(stack *spec.Stack) ([]Use, error) {
	v := stack.Versions
	edge := edgeobjects.Wanted(stack)
	store := stack.Secrets.OnePassword != nil
	var all []Use
	for _, r := range []installed{
		{true, "oci://quay.io/cilium/charts/cilium", "cilium", "kube-system", v.Cilium, cilium},
		{true, "oci://ghcr.io/controlplaneio-fluxcd/charts/flux-operator", "flux-operator", "flux-system", v.FluxOperator, nothing},
		{true, "oci://ghcr.io/controlplaneio-fluxcd/charts/flux-instance", "flux", "flux-system", v.FluxInstance, fluxvalues.For},
		{stack.Storage.RookCeph != nil, "https://charts.rook.io/release/rook-ceph", "rook-ceph", "rook-ceph", v.RookCeph, rookvalues.For},
		{edge, "oci://quay.io/jetstack/charts/cert-manager", "cert-manager", "cert-manager", v.CertManager, edgevalues.CertManager},
		{
			edge && edgeobjects.Published(stack), "oci://ghcr.io/home-operations/charts-mirror/external-dns", edgevalues.PublicDNS, "network",
			v.ExternalDNS, edgevalues.ExternalDNSCloudflare,
		},
		{
			edge && stack.Edge.DNS.UniFi != nil, "oci://ghcr.io/home-operations/charts-mirror/external-dns", edgevalues.HomeDNS, "network",
			v.ExternalDNS, edgevalues.ExternalDNSUniFi,
		},
		{
			edge && len(stack.Edge.Gateways.DNS) > 0, "oci://ghcr.io/k8s-gateway/charts/k8s-gateway", "k8s-gateway", "network",
			v.K8sGateway, edgevalues.K8sGateway,
		},
		{
			store, "oci://ghcr.io/external-secrets/charts/external-secrets", storeobjects.ExternalSecretsName, "external-secrets",
			v.ExternalSecrets, storevalues.ExternalSecrets,
		},
		{store && storeobjects.InCluster(stack), "oci://ghcr.io/1password/connect", storeobjects.ConnectName, "external-secrets", v.OnePasswordConnect, storevalues.Connect},
	} {
		if !r.when {
			continue
		}
		values, err := r.values(stack)
		if err != nil {
			return nil, err
		}
		all = append(all, Use{
			Stack: stack.Name, Place: r.place, Version: string(r.version), Release: r.release, Namespace: r.namespace,
			Values: values, Kubernetes: string(stack.Cluster.KubernetesVersion),
		})
	}
	return all, nil
}

func cilium(stack *spec.Stack) (map[string]any, error) {
	plan, err := bgp.New(stack)
	if err != nil {
		return nil, err
	}
	return ciliumvalues.For(stack, plan)
}

func nothing(*spec.Stack) (map[string]any, error) { return map[string]any{}, nil }

package machineconfig

import (
	"net"
	"net/netip"
	"strconv"

	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config/types/meta"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/constants"

	"github.com/home-ops/home-ops/spec"
)

// configureCluster sets what all nodes share, in the main document. Of it, workers
// read only the network and discovery.
func configureCluster(c *v1alpha1.ClusterConfig, stack *spec.Stack, node spec.Node) {
	c.ClusterNetwork.CNI = &v1alpha1.CNIConfig{CNIName: constants.NoneCNI}
	if c.ClusterDiscoveryConfig != nil && stack.Cluster.Discovery.Enabled {
		c.ClusterDiscoveryConfig.DiscoveryRegistries.RegistryService.RegistryEndpoint = stack.Cluster.Discovery.ServiceEndpoint
	}
	if !node.IsControlPlane() {
		return
	}
	configureAPIServer(c.APIServerConfig, stack.Cluster)
	// Cilium replaces it.
	c.ProxyConfig = &v1alpha1.ProxyConfig{Disabled: pointer.To(true)}
	c.ControllerManagerConfig.ExtraArgsConfig = flags(
		listenEverywhere(node), nodeCIDRMasks(stack.Network), stack.Cluster.ControllerManagerArgs)
	c.SchedulerConfig.ExtraArgsConfig = flags(listenEverywhere(node), stack.Cluster.SchedulerArgs)
	configureEtcd(c.EtcdConfig, stack, node)
}

// everyAddress is the unspecified address of the node's family.
func everyAddress(node spec.Node) netip.Addr {
	if node.Address.Is6() {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// listenEverywhere is the flag by which the scheduler and the controller manager
// can be scraped: by default they are bound to loopback.
func listenEverywhere(node spec.Node) map[string]string {
	return map[string]string{"bind-address": everyAddress(node).String()}
}

// configureEtcd sets etcd, which stays in the main document under every contract.
//
// etcd listens for its peers and clients where it advertises itself: on the
// node's own address, never on a VIP that moves to another node
// (https://github.com/siderolabs/talos/issues/12410). Its metrics are bound to
// every address, since nothing could scrape loopback.
func configureEtcd(etcd *v1alpha1.EtcdConfig, stack *spec.Stack, node spec.Node) {
	etcd.EtcdAdvertisedSubnets = hostPrefixes([]netip.Addr{node.Address})
	etcd.EtcdExtraArgs = flags(map[string]string{
		"listen-metrics-urls": "http://" + net.JoinHostPort(everyAddress(node).String(), etcdMetricsPort),
	}, stack.Cluster.EtcdArgs)
}

// etcdMetricsPort is the usual one, beside etcd's 2379 and 2380.
const etcdMetricsPort = "2381"

// nodeCIDRMasks are the flags for the size of each node's pod block. Kubernetes
// takes another flag for two families than for one.
func nodeCIDRMasks(network spec.Network) map[string]string {
	size4, size6 := strconv.Itoa(network.NodeCIDRMaskSize4), strconv.Itoa(network.NodeCIDRMaskSize6)
	switch {
	case network.DualStack():
		return map[string]string{"node-cidr-mask-size-ipv4": size4, "node-cidr-mask-size-ipv6": size6}
	case network.Primary4():
		return map[string]string{"node-cidr-mask-size": size4}
	default:
		return map[string]string{"node-cidr-mask-size": size6}
	}
}

func configureAPIServer(api *v1alpha1.APIServerConfig, cluster spec.Cluster) {
	wanted := cluster.APIServer
	identity := map[string]string{}
	if issuer := cluster.ServiceAccountIssuer; issuer != "" {
		identity[issuerFlag], identity[audienceFlag] = issuer, issuer
	}
	login := map[string]string{}
	if oidc := wanted.OIDC; oidc != nil {
		login["oidc-issuer-url"] = oidc.IssuerURL
		login["oidc-client-id"] = oidc.ClientID
		login["oidc-username-claim"] = oidc.UsernameClaim
		login["oidc-username-prefix"] = oidc.UsernamePrefix
		login["oidc-groups-claim"] = oidc.GroupsClaim
		login["oidc-groups-prefix"] = oidc.GroupsPrefix
	}
	api.ExtraArgsConfig = flags(identity, login, wanted.ExtraArgs)

	if !wanted.Audit {
		api.AuditPolicyConfig = noAudit()
	}
	for _, plugin := range api.AdmissionControlConfig {
		if plugin.PluginName == "PodSecurity" {
			plugin.PluginConfiguration = podSecurity(wanted)
		}
	}
}

// noAudit is the policy that logs nothing.
func noAudit() meta.Unstructured {
	return meta.Unstructured{Object: map[string]any{
		"apiVersion": "audit.k8s.io/v1",
		"kind":       "Policy",
		"rules":      []any{map[string]any{"level": "None"}},
	}}
}

// podSecurity is Talos's own configuration with the stack file's level and
// exemptions. Warnings and audit stay at restricted, so that a workload's owner
// sees what stands between it and the strictest level.
func podSecurity(wanted spec.APIServer) meta.Unstructured {
	exempt := []any{}
	for _, namespace := range wanted.PodSecurityExemptNamespaces {
		exempt = append(exempt, namespace)
	}
	return meta.Unstructured{Object: map[string]any{
		"apiVersion": "pod-security.admission.config.k8s.io/v1alpha1",
		"kind":       "PodSecurityConfiguration",
		"defaults": map[string]any{
			"enforce": string(wanted.PodSecurity), "enforce-version": "latest",
			"audit": string(spec.PodSecurityRestricted), "audit-version": "latest",
			"warn": string(spec.PodSecurityRestricted), "warn-version": "latest",
		},
		"exemptions": map[string]any{
			"usernames": []any{}, "runtimeClasses": []any{}, "namespaces": exempt,
		},
	}}
}

// flags merges layers of flags; the last one wins.
func flags(layers ...map[string]string) meta.Args {
	merged := meta.Args{}
	for _, layer := range layers {
		for name, value := range layer {
			merged[name] = meta.NewArgValue(value, nil)
		}
	}
	return merged
}

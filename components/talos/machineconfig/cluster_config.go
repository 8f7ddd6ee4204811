package machineconfig

import (
	"maps"
	"net"
	"net/netip"
	"strconv"

	"github.com/siderolabs/go-pointer"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"

	"github.com/home-ops/home-ops/spec"
)

// configureCluster sets what all nodes share. Of it, workers read only discovery.
func configureCluster(c *v1alpha1.ClusterConfig, stack *spec.Stack, node spec.Node) {
	if c.ClusterDiscoveryConfig != nil && stack.Cluster.Discovery.Enabled {
		c.ClusterDiscoveryConfig.DiscoveryRegistries.RegistryService.RegistryEndpoint = stack.Cluster.Discovery.ServiceEndpoint
	}
	if !node.IsControlPlane() {
		return
	}
	configureAPIServer(c.APIServerConfig, stack.Cluster.APIServer)
	// Cilium replaces it.
	c.ProxyConfig = &v1alpha1.ProxyConfig{Disabled: pointer.To(true)}

	// Bound to loopback, as Kubernetes and etcd do by default, nothing could
	// scrape them.
	everyAddress := netip.IPv4Unspecified()
	if node.Address.Is6() {
		everyAddress = netip.IPv6Unspecified()
	}
	c.ControllerManagerConfig.ExtraArgsConfig = overlay(map[string]string{
		"bind-address": everyAddress.String(),
	}, nodeCIDRMasks(stack.Network), stack.Cluster.ControllerManagerArgs)
	c.SchedulerConfig.ExtraArgsConfig = overlay(map[string]string{
		"bind-address": everyAddress.String(),
	}, stack.Cluster.SchedulerArgs)

	// etcd listens for its peers and clients where it advertises itself: on the
	// node's own address, never on a VIP that moves to another node
	// (https://github.com/siderolabs/talos/issues/12410).
	c.EtcdConfig.EtcdAdvertisedSubnets = hostPrefixes([]netip.Addr{node.Address})
	c.EtcdConfig.EtcdExtraArgs = overlay(map[string]string{
		"listen-metrics-urls": "http://" + net.JoinHostPort(everyAddress.String(), etcdMetricsPort),
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

func configureAPIServer(api *v1alpha1.APIServerConfig, wanted spec.APIServer) {
	flags := map[string]string{}
	if oidc := wanted.OIDC; oidc != nil {
		flags["oidc-issuer-url"] = oidc.IssuerURL
		flags["oidc-client-id"] = oidc.ClientID
		flags["oidc-username-claim"] = oidc.UsernameClaim
		flags["oidc-username-prefix"] = oidc.UsernamePrefix
		flags["oidc-groups-claim"] = oidc.GroupsClaim
		flags["oidc-groups-prefix"] = oidc.GroupsPrefix
	}
	api.ExtraArgsConfig = overlay(flags, wanted.ExtraArgs)

	if !wanted.Audit {
		api.AuditPolicyConfig = v1alpha1.Unstructured{Object: map[string]any{
			"apiVersion": "audit.k8s.io/v1",
			"kind":       "Policy",
			"rules":      []any{map[string]any{"level": "None"}},
		}}
	}
	for _, plugin := range api.AdmissionControlConfig {
		if plugin.PluginName == "PodSecurity" {
			plugin.PluginConfiguration = podSecurity(wanted)
		}
	}
}

// podSecurity is Talos's own configuration with the stack file's level and
// exemptions. Warnings and audit stay at restricted, so that a workload's owner
// sees what stands between it and the strictest level.
func podSecurity(wanted spec.APIServer) v1alpha1.Unstructured {
	exempt := []any{}
	for _, namespace := range wanted.PodSecurityExemptNamespaces {
		exempt = append(exempt, namespace)
	}
	return v1alpha1.Unstructured{Object: map[string]any{
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

// overlay merges flags; the last map wins.
func overlay(layers ...map[string]string) map[string]string {
	merged := map[string]string{}
	for _, layer := range layers {
		maps.Copy(merged, layer)
	}
	return merged
}

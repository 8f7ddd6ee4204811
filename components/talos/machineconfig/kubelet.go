package machineconfig

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
	"github.com/siderolabs/talos/pkg/machinery/constants"

	"github.com/home-ops/home-ops/spec"
)

// kubernetesMaxPods is the kubelet's own default.
const kubernetesMaxPods = 110

func configureKubelet(kubelet *v1alpha1.KubeletConfig, stack *spec.Stack, node spec.Node) {
	// Exactly the node's own addresses: a VIP, a load-balancer address or a
	// storage link that the node also carries must never become its node IP.
	kubelet.KubeletNodeIP = &v1alpha1.KubeletNodeIPConfig{
		KubeletNodeIPValidSubnets: hostPrefixes(kubeletAddresses(stack, node)),
	}
	if len(node.KubeletArgs) > 0 {
		kubelet.KubeletExtraArgs = maps.Clone(node.KubeletArgs)
	}

	extra := map[string]any{}
	if node.MaxPods != kubernetesMaxPods {
		extra["maxPods"] = node.MaxPods
	}
	if !node.IsControlPlane() && len(node.Taints) > 0 {
		extra["registerWithTaints"] = registrationTaints(node.Taints)
	}
	if len(extra) > 0 {
		kubelet.KubeletExtraConfig = v1alpha1.Unstructured{Object: extra}
	}

	for _, mount := range node.KubeletMounts {
		kubelet.KubeletExtraMounts = append(kubelet.KubeletExtraMounts, v1alpha1.ExtraMount{
			Source:      mount.Source,
			Destination: cmp.Or(mount.Destination, mount.Source),
			Type:        "bind",
			Options:     mount.Options,
		})
	}
}

// kubeletAddresses are the node's main address and, with two pod families, its
// first of the other family.
func kubeletAddresses(stack *spec.Stack, node spec.Node) []netip.Addr {
	addresses := []netip.Addr{node.Address}
	if !stack.Network.DualStack() {
		return addresses
	}
	if other, ok := node.AddressOf(!node.Address.Is6()); ok {
		addresses = append(addresses, other)
	}
	return addresses
}

func hostPrefixes(addresses []netip.Addr) []string {
	var prefixes []string
	for _, a := range addresses {
		prefixes = append(prefixes, netip.PrefixFrom(a, a.BitLen()).String())
	}
	return prefixes
}

// configureNodeObject sets what the node's Kubernetes object carries.
func configureNodeObject(m *v1alpha1.MachineConfig, stack *spec.Stack, node spec.Node) {
	if m.MachineNodeLabels == nil {
		m.MachineNodeLabels = map[string]string{}
	}
	if node.IsControlPlane() && stack.Cluster.AllowSchedulingOnControlPlanes {
		// Lifting the taint leaves the label, under which no load balancer would
		// send traffic to pods here.
		delete(m.MachineNodeLabels, constants.LabelExcludeFromExternalLB)
	}
	maps.Copy(m.MachineNodeLabels, node.Labels)
	m.MachineNodeAnnotations = node.Annotations

	// A worker's kubelet may taint its node only when it registers; asked later,
	// the API server refuses and Talos tries for ever
	// (https://github.com/siderolabs/talos/issues/10935).
	if node.IsControlPlane() {
		for _, taint := range node.Taints {
			if m.MachineNodeTaints == nil {
				m.MachineNodeTaints = map[string]string{}
			}
			m.MachineNodeTaints[taint.Key] = strings.TrimPrefix(fmt.Sprintf("%s:%s", taint.Value, taint.Effect), ":")
		}
	}
}

func registrationTaints(taints []spec.Taint) []any {
	var out []any
	for _, taint := range taints {
		entry := map[string]any{"key": taint.Key, "effect": string(taint.Effect)}
		if taint.Value != "" {
			entry["value"] = taint.Value
		}
		out = append(out, entry)
	}
	return out
}

package machineconfig

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config/types/meta"
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
		kubelet.KubeletExtraArgs = flags(node.KubeletArgs)
	}
	if extra := kubeletSettings(node); len(extra) > 0 {
		kubelet.KubeletExtraConfig = meta.Unstructured{Object: extra}
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

// kubeletSettings are the node's entries of the kubelet's configuration file.
func kubeletSettings(node spec.Node) map[string]any {
	settings := map[string]any{}
	if node.MaxPods != kubernetesMaxPods {
		settings["maxPods"] = node.MaxPods
	}
	// A worker's kubelet may taint its node only when it registers; asked later,
	// the API server refuses and Talos tries for ever
	// (https://github.com/siderolabs/talos/issues/10935).
	if !node.IsControlPlane() && len(node.Taints) > 0 {
		settings["registerWithTaints"] = registrationTaints(node.Taints)
	}
	return settings
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
	m.MachineNodeAnnotations = node.NodeAnnotations()

	if node.IsControlPlane() { // a worker's are in kubeletSettings
		m.MachineNodeTaints = addTaints(m.MachineNodeTaints, node.Taints)
	}
}

// addTaints adds taints as Talos writes them: VALUE:EFFECT by key.
func addTaints(to map[string]string, taints []spec.Taint) map[string]string {
	for _, taint := range taints {
		if to == nil {
			to = map[string]string{}
		}
		to[taint.Key] = strings.TrimPrefix(fmt.Sprintf("%s:%s", taint.Value, taint.Effect), ":")
	}
	return to
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

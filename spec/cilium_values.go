package spec

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

//go:embed cilium_values.txt
var ciliumValues string

// chartKeys are the keys of Cilium's chart, with those below each.
var chartKeys = sync.OnceValue(func() map[string][]string {
	out := map[string][]string{}
	for line := range strings.Lines(ciliumValues) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			key, below, _ := strings.Cut(line, ": ")
			out[key] = strings.Fields(below)
		}
	}
	return out
})

// OwnedCiliumValues are the values of Cilium's chart that this program sets, each with the key that decides it.
var OwnedCiliumValues = map[string]string{
	"cluster.name":                       "cluster.name",
	"devices":                            "cilium.devices",
	"MTU":                                "cilium.mtu",
	"cni.exclusive":                      "cilium.exclusive",
	"loadBalancer.mode":                  "cilium.loadBalancerMode",
	"loadBalancer.algorithm":             "cilium.loadBalancerAlgorithm",
	"loadBalancer.dsrDispatch":           "cilium.loadBalancerMode",
	"l2announcements.enabled":            "cilium.l2",
	"bgpControlPlane":                    "cilium.bgp",
	"gatewayAPI":                         "cilium.gatewayAPI",
	"hostFirewall.enabled":               "cilium.hostFirewall",
	"bandwidthManager.enabled":           "cilium.bandwidthManager",
	"bandwidthManager.bbr":               "cilium.bandwidthManager",
	"hubble.enabled":                     "cilium.hubble",
	"hubble.metrics.enabled":             "cilium.hubble",
	"hubble.metrics.enableOpenMetrics":   "cilium.hubble",
	"hubble.relay.enabled":               "cilium.hubble",
	"hubble.relay.rollOutPods":           "the plan",
	"hubble.ui.enabled":                  "cilium.hubble",
	"hubble.ui.rollOutPods":              "the plan",
	"hubble.peerService.clusterDomain":   "cluster.dnsDomain",
	"hubble.tls.auto":                    "the plan",
	"operator.replicas":                  "the number of nodes",
	"operator.rollOutPods":               "the plan",
	"operator.prometheus.enabled":        "the plan",
	"operator.prometheus.metricsService": "the plan",
	"ipv4.enabled":                       "network.podCIDRs",
	"ipv6.enabled":                       "network.podCIDRs",
	"enableIPv4Masquerade":               "network.podCIDRs",
	"enableIPv6Masquerade":               "network.podCIDRs",
	"k8s.requireIPv4PodCIDR":             "network.podCIDRs",
	"k8s.requireIPv6PodCIDR":             "network.podCIDRs",
	"routingMode":                        "cilium.routing",
	"tunnelProtocol":                     "cilium.tunnelProtocol",
	"ipv4NativeRoutingCIDR":              "network.podCIDRs",
	"ipv6NativeRoutingCIDR":              "network.podCIDRs",
	"autoDirectNodeRoutes":               "cilium.routing",
	"directRoutingSkipUnreachable":       "cilium.routing",
	"k8sClientRateLimit":                 "cilium.l2",
	"encryption":                         "cilium.encryption",
	"k8sServiceHost":                     "KubePrism of Talos",
	"k8sServicePort":                     "KubePrism of Talos",
	"cgroup":                             "Talos",
	"securityContext.capabilities":       "Talos, which grants SYS_MODULE to nobody",
	"kubeProxyReplacement":               "the plan, without kube-proxy",
	"ipam":                               "network.podCIDRs",
	"bpf.masquerade":                     "the plan",
	"bpf.hostLegacyRouting":              "the plan",
	"rollOutCiliumPods":                  "the plan",
	"envoy.enabled":                      "the plan",
	"envoy.rollOutPods":                  "the plan",
	"prometheus.enabled":                 "the plan",
	"prometheus.metricsService":          "the plan",
	"tls.ca.certValidityDuration":        "the plan",
}

// extraValues holds further values of Cilium's chart against the chart's own keys, and against what this program sets.
func (c *checker) extraValues() {
	root := part{field.NewPath("cilium", "extraValues"), c.s.Cilium.ExtraValues}
	for _, key := range root.pairs() {
		below, known := chartKeys()[key]
		if !known {
			c.unknownValue(root.get(key).path, key, slices.Collect(maps.Keys(chartKeys())))
			continue
		}
		for _, next := range root.get(key).pairs() {
			if len(below) > 0 && !slices.Contains(below, next) {
				c.unknownValue(root.get(key, next).path, next, below)
			}
		}
	}
	c.ownedValues(root, "")
	visitTexts(root, func(p part, text string) {
		if isReference(text) {
			c.errorf(p.path, "is a secret reference, and values of a chart take none: they would lie in the cluster as they are")
		}
	})
}

func (c *checker) unknownValue(at *field.Path, key string, known []string) {
	if near := nearest(key, known); near != "" {
		c.errorf(at, "Cilium's chart has no value %q; did you mean %q?", key, near)
		return
	}
	c.errorf(at, "Cilium's chart has no value %q here: it would have no effect", key)
}

// ownedValues refuses values that this program sets, and objects that would replace some of them.
func (c *checker) ownedValues(p part, path string) {
	for _, key := range p.pairs() {
		at := strings.TrimPrefix(path+"."+key, ".")
		if owner, owned := OwnedCiliumValues[at]; owned {
			if strings.Contains(owner, ".") {
				c.errorf(p.get(key).path, "is set from %s; change it there", owner)
			} else {
				c.errorf(p.get(key).path, "is set for the sake of %s, and cannot be changed", owner)
			}
			continue
		}
		if len(p.get(key).pairs()) > 0 {
			c.ownedValues(p.get(key), at)
			continue
		}
		for _, inner := range slices.Sorted(maps.Keys(OwnedCiliumValues)) {
			if strings.HasPrefix(inner, at+".") {
				c.errorf(p.get(key).path, "would replace %s, which is set for the sake of %s", inner, OwnedCiliumValues[inner])
				break
			}
		}
	}
}

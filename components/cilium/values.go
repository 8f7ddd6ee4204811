package cilium

import (
	_ "embed"

	"github.com/home-ops/home-ops/components/cilium/bgp"
	"github.com/home-ops/home-ops/internal/chartvalues"
	"github.com/home-ops/home-ops/spec"
)

//go:embed values.yaml
var staticValues []byte

// releaseValues are the values of Cilium's chart: values.yaml, over it what the stack
// decides, and beside that the stack's further values. The sessions are those of the
// same stack, or nil without BGP.
func releaseValues(stack *spec.Stack, sessions *bgp.Plan) (map[string]any, error) {
	values, err := chartvalues.Over("components/cilium/values.yaml", staticValues, computed(stack, sessions))
	if err != nil || len(stack.Cilium.ExtraValues) == 0 {
		return values, err
	}
	return withExtra(values, stack.Cilium.ExtraValues)
}

// computed is every chart value that depends on the stack.
func computed(stack *spec.Stack, sessions *bgp.Plan) chartValues {
	c := stack.Cilium
	v := chartValues{
		Cluster:          cluster{Name: stack.Cluster.Name},
		Devices:          c.Devices,
		MTU:              c.MTU,
		CNI:              cni{Exclusive: c.Exclusive},
		LoadBalancer:     loadBalancer{Mode: c.LoadBalancerMode, Algorithm: c.LoadBalancerAlgorithm},
		L2Announcements:  enabled{c.L2.Enabled},
		BGPControlPlane:  bgpControlPlane{Enabled: sessions != nil},
		GatewayAPI:       enabled{c.GatewayAPI.Enabled},
		HostFirewall:     enabled{c.HostFirewall},
		BandwidthManager: bandwidthManager{Enabled: c.BandwidthManager, BBR: c.BandwidthManager},
		Hubble:           hubbleValues(stack),
		Operator:         operator{Replicas: min(len(stack.Nodes), 2)},
	}
	v.families(stack.Network)
	v.routing(stack)
	if c.Encryption.Type != spec.EncryptionNone {
		v.Encryption = &encryption{Enabled: true, Type: c.Encryption.Type, NodeEncryption: c.Encryption.Nodes}
	}
	if c.L2.Enabled {
		v.ClientRateLimit = &rateLimit{QPS: l2QPS, Burst: 2 * l2QPS}
	}
	if sessions != nil && sessions.RouterIDPool.IsValid() {
		v.BGPControlPlane.RouterIDs = &routerIDs{Mode: "ip-pool", Pool: sessions.RouterIDPool.String()}
	}
	return v
}

// l2QPS is how often an agent may call the API each second when it announces
// over layer 2. Each announced Service holds a lease that is renewed three times
// in its duration; Cilium's ordinary 10 would starve everything else at about
// thirty (https://docs.cilium.io/en/stable/network/l2-announcements/#sizing-client-rate-limit).
const l2QPS = 30

// families switches address families on, and makes each node wait for its pod
// network of each.
func (v *chartValues) families(n spec.Network) {
	pods4, has4 := n.PodCIDR4()
	pods6, has6 := n.PodCIDR6()
	v.IPv4, v.IPv6 = enabled{has4}, enabled{has6}
	v.Masquerade4, v.Masquerade6 = has4, has6
	v.Kubernetes = podCIDRs{RequirePodCIDR4: has4, RequirePodCIDR6: has6}
	if has4 {
		v.NativeCIDR4 = pods4.String()
	}
	if has6 {
		v.NativeCIDR6 = pods6.String()
	}
}

// routing says how packets travel between nodes. The native networks are exactly
// the pod networks: what leaves them is masqueraded.
func (v *chartValues) routing(stack *spec.Stack) {
	c := stack.Cilium
	v.RoutingMode = c.Routing
	if c.Routing == spec.RoutingTunnel {
		v.TunnelProtocol = c.TunnelProtocol
		v.NativeCIDR4, v.NativeCIDR6 = "", ""
		if c.LoadBalancerMode == spec.LoadBalancerDSR {
			v.LoadBalancer.DSRDispatch = "geneve"
		}
		return
	}
	v.DirectNodeRoutes = true
	// Nodes in another network are not neighbours: BGP carries their routes.
	v.SkipUnreachable = spanNetworks(stack)
}

func spanNetworks(stack *spec.Stack) bool {
	networks := map[string]bool{}
	for _, node := range stack.Nodes {
		if network, ok := stack.Network.NodeNetworkOf(node.Address); ok {
			networks[network.String()] = true
		}
	}
	return len(networks) > 1
}

func hubbleValues(stack *spec.Stack) hubble {
	h := stack.Cilium.Hubble
	return hubble{
		Enabled:     h.Enabled,
		Metrics:     hubbleMetrics{Enabled: h.Metrics, OpenMetrics: len(h.Metrics) > 0},
		Relay:       enabled{h.Enabled && h.Relay},
		UI:          enabled{h.Enabled && h.Relay && h.UI},
		PeerService: peerService{ClusterDomain: stack.Cluster.DNSDomain},
	}
}

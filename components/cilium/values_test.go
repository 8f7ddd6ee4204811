package cilium

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/home-ops/home-ops/spec"
)

func TestReleaseValues_FollowsTheStack(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*spec.Stack)
		want   map[string]string
	}{
		"native routing of both families": {func(*spec.Stack) {}, map[string]string{
			"routingMode": "native", "tunnelProtocol": "<none>", "autoDirectNodeRoutes": "true",
			"ipv4NativeRoutingCIDR": "10.52.0.0/16", "ipv6NativeRoutingCIDR": "fd00:52::/56",
			"ipv4.enabled": "true", "ipv6.enabled": "true", "k8s.requireIPv6PodCIDR": "true",
			"loadBalancer.mode": "dsr", "loadBalancer.dsrDispatch": "<none>",
			"directRoutingSkipUnreachable": "false",
		}},
		"a tunnel, with the marks of DSR inside it": {func(s *spec.Stack) {
			s.Cilium.Routing, s.Cilium.TunnelProtocol = spec.RoutingTunnel, spec.TunnelGeneve
		}, map[string]string{
			"routingMode": "tunnel", "tunnelProtocol": "geneve", "autoDirectNodeRoutes": "false",
			"ipv4NativeRoutingCIDR": "<none>", "loadBalancer.dsrDispatch": "geneve",
		}},
		"nodes in several networks": {func(s *spec.Stack) {
			s.Network.NodeCIDRs = append(s.Network.NodeCIDRs, netip.MustParsePrefix("10.0.70.0/24"))
			s.Nodes[2].Address = netip.MustParseAddr("10.0.70.13")
		}, map[string]string{"autoDirectNodeRoutes": "true", "directRoutingSkipUnreachable": "true"}},
		"IPv6 alone": {func(s *spec.Stack) {
			s.Network.PodCIDRs = s.Network.PodCIDRs[1:]
		}, map[string]string{
			"ipv4.enabled": "false", "enableIPv4Masquerade": "false", "ipv4NativeRoutingCIDR": "<none>",
			"ipv6.enabled": "true", "enableIPv6Masquerade": "true", "k8s.requireIPv4PodCIDR": "false",
		}},
		"announcing over BGP": {func(*spec.Stack) {}, map[string]string{
			"bgpControlPlane.enabled": "true", "l2announcements.enabled": "false", "k8sClientRateLimit": "<none>",
		}},
		"announcing over layer 2, which asks the API more": {func(s *spec.Stack) {
			s.Cilium.BGP, s.Cilium.L2.Enabled = nil, true
		}, map[string]string{
			"bgpControlPlane.enabled": "false", "l2announcements.enabled": "true", "k8sClientRateLimit.qps": "30",
		}},
		"one node, one operator": {func(s *spec.Stack) {
			s.Nodes = s.Nodes[:1]
		}, map[string]string{"operator.replicas": "1"}},
		"more nodes, two operators": {func(*spec.Stack) {}, map[string]string{"operator.replicas": "2"}},
		"WireGuard": {func(s *spec.Stack) {
			s.Cilium.Encryption = spec.NetworkEncryption{Type: spec.EncryptionWireGuard, Nodes: true}
		}, map[string]string{
			"encryption.enabled": "true", "encryption.type": "wireguard", "encryption.nodeEncryption": "true",
		}},
		"no Hubble, and so neither Relay nor UI": {func(s *spec.Stack) {
			s.Cilium.Hubble.Enabled = false
		}, map[string]string{"hubble.enabled": "false", "hubble.relay.enabled": "false", "hubble.ui.enabled": "false"}},
		"router ids for nodes without IPv4": {func(s *spec.Stack) {
			s.Cilium.BGP.RouterIDPool = netip.MustParsePrefix("10.255.255.0/24")
			s.Cilium.BGP.Peers, s.Cilium.Pools = s.Cilium.BGP.Peers[1:], nil
			for i := range s.Nodes {
				s.Nodes[i].Address, s.Nodes[i].SecondaryAddresses = s.Nodes[i].SecondaryAddresses[0], nil
			}
		}, map[string]string{
			"bgpControlPlane.routerIDAllocation.mode":   "ip-pool",
			"bgpControlPlane.routerIDAllocation.ipPool": "10.255.255.0/24",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			stack := dual(t)
			test.change(stack)
			all, err := releaseValues(stack, sessions(t, stack))
			if err != nil {
				t.Fatal(err)
			}
			for path, want := range test.want {
				if got := at(all, path); got != want {
					t.Errorf("%s is %s, want %s", path, got, want)
				}
			}
		})
	}
}

// Every stack gets what Talos needs, whatever else it decides.
func TestReleaseValues_AlwaysSuitsTalos(t *testing.T) {
	for _, stack := range stacks(t) {
		all, err := releaseValues(stack, sessions(t, stack))
		if err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]string{
			"k8sServiceHost": "localhost", "k8sServicePort": "7445", "kubeProxyReplacement": "true",
			"cgroup.autoMount.enabled": "false", "cgroup.hostRoot": "/sys/fs/cgroup", "ipam.mode": "kubernetes",
		} {
			if got := at(all, path); got != want {
				t.Errorf("%s: %s is %s, want %s", stack.Name, path, got, want)
			}
		}
		if list := at(all, "securityContext.capabilities.ciliumAgent"); strings.Contains(list, "SYS_MODULE") {
			t.Errorf("%s: Talos refuses %s", stack.Name, list)
		}
	}
}

// at is the value at a dotted path.
func at(all map[string]any, path string) string {
	var value any = all
	for _, key := range strings.Split(path, ".") {
		inner, _ := value.(map[string]any)
		next, has := inner[key]
		if !has {
			return "<none>"
		}
		value = next
	}
	return fmt.Sprint(value)
}

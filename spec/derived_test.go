package spec_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/home-ops/home-ops/spec"
)

func fixture(t *testing.T, name string) *spec.Stack {
	t.Helper()
	s, problems := spec.LoadFile("testdata/valid/" + name + ".yaml")
	if problems.HasErrors() {
		t.Fatal(problems.Err())
	}
	return s
}

func TestClusterEndpoint_IsTheNearestThatThereIs(t *testing.T) {
	for name, want := range map[string]string{
		"three-nodes":            "https://10.0.50.50:6443",
		"single-node":            "https://192.168.1.10:6443",
		"ipv6-only":              "https://[fd00:50::50]:6443",
		"external-load-balancer": "https://k8s.example.com:6443",
	} {
		if got := fixture(t, name).ClusterEndpoint(); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestDefaults_FollowTheNetwork(t *testing.T) {
	for name, want := range map[string]string{
		"three-nodes":             "[10.42.0.0/16] [10.43.0.0/16] [10.0.0.1] [1.1.1.1 1.0.0.1] native dsr",
		"dual-stack":              "[10.42.0.0/16 fd00:42::/56] [10.43.0.0/16 fd00:43::/112] [10.0.0.1] [1.1.1.1 1.0.0.1] native dsr",
		"ipv6-first":              "[fd00:42::/56 10.42.0.0/16] [fd00:43::/112 10.43.0.0/16] [fe80::1 10.0.0.1] [1.1.1.1 1.0.0.1] native dsr",
		"ipv6-only":               "[fd00:42::/56] [fd00:43::/112] [fe80::1] [2606:4700:4700::1111 2606:4700:4700::1001] native dsr",
		"two-segments":            "[10.42.0.0/16] [10.43.0.0/16] [10.0.0.1 10.9.0.1] [1.1.1.1 1.0.0.1] tunnel snat",
		"tunnel-routing-with-dsr": "[10.42.0.0/16] [10.43.0.0/16] [10.0.0.1] [1.1.1.1 1.0.0.1] tunnel dsr",
	} {
		s := fixture(t, name)
		got := fmt.Sprint(s.Network.PodCIDRs, s.Network.ServiceCIDRs, s.Network.Gateways, s.Network.DNSServers, " ", s.Cilium.Routing, " ", s.Cilium.LoadBalancerMode)
		if got != want {
			t.Errorf("%s: got\n  %s\nwant\n  %s", name, got, want)
		}
	}
}

func TestDefaults_FollowTheRoles(t *testing.T) {
	alone, workers := fixture(t, "three-nodes"), fixture(t, "ceph-on-workers")
	if !alone.Cluster.AllowSchedulingOnControlPlanes || workers.Cluster.AllowSchedulingOnControlPlanes {
		t.Error("control planes take workloads only where there is no worker")
	}
	if got := workers.LoadBalancerNodes(); !slices.Equal(got, []string{"w1", "w2", "w3"}) {
		t.Errorf("load balancer nodes %v", got)
	}
	if c := workers.Storage.RookCeph; c.Replicas != 3 || c.Monitors != 3 || c.Block.Replicas != 3 || !c.Block.Enabled || c.ObjectStore.Enabled {
		t.Errorf("Ceph %+v", c)
	}
}

func TestDefaults_KeepSecretsWhereTheStackKeepsThem(t *testing.T) {
	for name, want := range map[string]spec.SecretRef{
		"three-nodes": "config:cloudflareApiToken", "onepassword": "op://home/cloudflare/api-token",
	} {
		if got := fixture(t, name).Edge.Cloudflare.APITokenRef; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestNodes_GetWhatTheirStorageNeeds(t *testing.T) {
	s := fixture(t, "every-storage")
	n, _ := s.Node("k1")
	if want := []string{"siderolabs/iscsi-tools", "siderolabs/util-linux-tools", "siderolabs/zfs"}; !slices.Equal(n.Extensions, want) {
		t.Errorf("extensions %v", n.Extensions)
	}
	if len(n.KernelModules) != 1 || n.KernelModules[0].Name != "zfs" {
		t.Errorf("kernel modules %v", n.KernelModules)
	}
	if len(n.KubeletMounts) != 0 { // the kubelet sees user volumes by itself
		t.Errorf("kubelet mounts %v", n.KubeletMounts)
	}
	other, _ := s.Node("k2")
	if slices.Contains(other.Extensions, "siderolabs/zfs") {
		t.Error("a node without ZFS got the extension")
	}
	if got := s.Storage.Classes(); !slices.Equal(got, []string{"ceph-block", "ceph-filesystem", "longhorn", "zfs-tank"}) {
		t.Errorf("classes %v", got)
	}
}

func TestNodes_CanMountLonghornsVolumesWhereverPodsRun(t *testing.T) {
	s := fixture(t, "longhorn-on-some-workers")
	for name, want := range map[string]int{"k1": 0, "w1": 2, "w2": 2, "w3": 2, "w4": 2} {
		n, _ := s.Node(name)
		if len(n.Extensions) != want {
			t.Errorf("%s has extensions %v, want %d", name, n.Extensions, want)
		}
	}
}

func TestDefaultGateways_AreThoseOfTheNodesNetworks(t *testing.T) {
	s := fixture(t, "two-segments")
	far, _ := s.Node("w1")
	near, _ := s.Node("k1")
	if got := fmt.Sprint(s.DefaultGateways(far), s.DefaultGateways(near)); got != "[10.9.0.1] [10.0.0.1]" {
		t.Errorf("got %s", got)
	}
	six := fixture(t, "ipv6-first")
	if got := fmt.Sprint(six.DefaultGateways(six.Nodes[0]), six.InterfacePrefixes(six.Nodes[0])); got != "[fe80::1 10.0.0.1] [fd00:50::11/64 10.0.50.11/16]" {
		t.Errorf("got %s", got)
	}
}

func TestPeerNodes_AreTheSpeakersUnlessNamed(t *testing.T) {
	s := fixture(t, "bgp-two-routers-with-multihop")
	got := fmt.Sprint(s.PeerNodes(s.Cilium.BGP.Peers[0]), s.PeerNodes(s.Cilium.BGP.Peers[1]))
	if got != "[k1 k2 k3] [k1 k2]" {
		t.Errorf("got %s", got)
	}
}

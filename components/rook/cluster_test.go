package rook_test

import (
	"net/netip"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/components/rook/rookio"
	"github.com/home-ops/home-ops/spec"
)

// Whatever a stack says, Ceph takes no disk that it does not name, and Rook wipes
// none when its objects go.
func TestPlan_NeverTakesOrWipesADiskByItself(t *testing.T) {
	for _, stack := range withCeph(t) {
		c := object[*rookio.CephCluster](t, planned(t, stack), "cluster").Spec
		if c.Storage.UseAllNodes || c.Storage.UseAllDevices {
			t.Errorf("%s: Ceph takes what it finds: %+v", stack.Name, c.Storage)
		}
		for _, node := range c.Storage.Nodes {
			if node.DevicePathFilter == "" {
				t.Errorf("%s: no filter on %s", stack.Name, node.Name)
			}
		}
		if (c.CleanupPolicy != rookio.CleanupPolicy{}) {
			t.Errorf("%s: Rook cleans up: %+v", stack.Name, c.CleanupPolicy)
		}
	}
}

func TestPlan_FitsTheNumberOfNodes(t *testing.T) {
	one := everything(t)
	one.Nodes, one.Storage.RookCeph.Nodes = one.Nodes[:1], one.Storage.RookCeph.Nodes[:1]
	ceph := one.Storage.RookCeph
	ceph.Replicas, ceph.Monitors = 1, 1
	ceph.Block.Replicas, ceph.Filesystem.Replicas, ceph.ObjectStore.Replicas = 1, 1, 1

	steps := planned(t, one)
	c := object[*rookio.CephCluster](t, steps, "cluster").Spec
	if c.Mon.Count != 1 || c.Mgr.Count != 1 || c.Mon.AllowMultiplePerNode || c.Mgr.AllowMultiplePerNode {
		t.Errorf("monitors %+v and managers %+v on one node", c.Mon, c.Mgr)
	}
	if c.Placement != nil {
		t.Errorf("placement %v, without a taint", c.Placement)
	}
	// Rook refuses one copy that is asked to be safe.
	want := rookio.Replicated{Size: 1}
	if got := object[*rookio.CephBlockPool](t, steps, "pool-mgr").Spec.Replicated; got == nil || *got != want {
		t.Errorf("Ceph's own pool is %+v, want %+v", got, want)
	}
	files := object[*rookio.CephFilesystem](t, steps, "filesystem").Spec
	if *files.DataPools[0].Replicated != want || *files.MetadataPool.Replicated != want {
		t.Errorf("the file system is %+v, want %+v", files, want)
	}
	if files.MetadataServer.ActiveStandby {
		t.Error("a standby that dies with the active one")
	}
	if n := object[*rookio.CephObjectStore](t, steps, "objectstore").Spec.Gateway.Instances; n != 1 {
		t.Errorf("%d gateways on one node", n)
	}
}

func TestPlan_ToleratesEachTaintOnce(t *testing.T) {
	stack := everything(t)
	only := stack.Nodes[2].Taints[0]
	stack.Nodes[1].Taints = []spec.Taint{{Key: "gpu", Effect: "NoExecute"}, only}
	want := []corev1.Toleration{
		{Key: "gpu", Operator: corev1.TolerationOpEqual, Effect: corev1.TaintEffectNoExecute},
		{Key: "storage", Operator: corev1.TolerationOpEqual, Value: "only", Effect: corev1.TaintEffectNoSchedule},
	}
	steps := planned(t, stack)
	for of, got := range map[string][]corev1.Toleration{
		"every daemon":        object[*rookio.CephCluster](t, steps, "cluster").Spec.Placement["all"].Tolerations,
		"the metadata server": object[*rookio.CephFilesystem](t, steps, "filesystem").Spec.MetadataServer.Placement.Tolerations,
		"the S3 gateway":      object[*rookio.CephObjectStore](t, steps, "objectstore").Spec.Gateway.Placement.Tolerations,
	} {
		if !slices.Equal(got, want) {
			t.Errorf("%s tolerates %+v, want %+v", of, got, want)
		}
	}
}

func TestPlan_ChoosesTheNetwork(t *testing.T) {
	four, six := netip.MustParsePrefix("10.5.0.0/24"), netip.MustParsePrefix("fd00:5::/64")
	for name, test := range map[string]struct {
		public, cluster netip.Prefix
		pods            string
		want            rookio.Network
	}{
		"that of pods": {pods: "10.42.0.0/16", want: rookio.Network{IPFamily: "IPv4"}},
		"that of pods, the first family of two": {
			pods: "fd00:42::/56", want: rookio.Network{IPFamily: "IPv6"},
		},
		"one for clients": {public: six, pods: "10.42.0.0/16", want: rookio.Network{
			Provider: "host", IPFamily: "IPv6", AddressRanges: &rookio.AddressRanges{Public: []string{"fd00:5::/64"}},
		}},
		"one between disks, and the nodes' own for clients": {cluster: four, pods: "10.42.0.0/16", want: rookio.Network{
			Provider: "host", IPFamily: "IPv4",
			AddressRanges: &rookio.AddressRanges{Public: []string{"10.0.0.0/16"}, Cluster: []string{"10.5.0.0/24"}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			stack := everything(t)
			stack.Network.PodCIDRs = []netip.Prefix{netip.MustParsePrefix(test.pods)}
			ceph := stack.Storage.RookCeph
			ceph.PublicNetwork, ceph.ClusterNetwork = test.public, test.cluster
			got := object[*rookio.CephCluster](t, planned(t, stack), "cluster").Spec.Network
			ranges, want := got.AddressRanges, test.want.AddressRanges
			got.AddressRanges, test.want.AddressRanges = nil, nil
			if got != test.want {
				t.Errorf("network %+v, want %+v", got, test.want)
			}
			switch {
			case (ranges == nil) != (want == nil):
				t.Errorf("ranges %+v, want %+v", ranges, want)
			case want != nil && (!slices.Equal(ranges.Public, want.Public) || !slices.Equal(ranges.Cluster, want.Cluster)):
				t.Errorf("ranges %+v, want %+v", ranges, want)
			}
		})
	}
}

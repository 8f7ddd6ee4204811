package objects_test

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/home-ops/home-ops/components/rook/objects"
	"github.com/home-ops/home-ops/components/rook/rookio"
	"github.com/home-ops/home-ops/spec"
	"github.com/home-ops/home-ops/spec/spectest"
)

// cluster is what a stack tells Rook of Ceph.
func cluster(t *testing.T, stack *spec.Stack) rookio.CephClusterSpec {
	t.Helper()
	set, err := objects.For(stack)
	if err != nil {
		t.Fatal(err)
	}
	return set.Cluster.Body.(*rookio.CephCluster).Spec
}

// Whatever a stack says, Ceph takes no disk that it does not name, and Rook wipes
// none when its objects go.
func TestFor_NeverTakesOrWipesADiskByItself(t *testing.T) {
	for _, stack := range stacks(t) {
		c := cluster(t, stack)
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

func TestFor_FitsTheNumberOfNodes(t *testing.T) {
	one := spectest.Load(t, fixture)
	one.Nodes, one.Storage.RookCeph.Nodes = one.Nodes[:1], one.Storage.RookCeph.Nodes[:1]
	ceph := one.Storage.RookCeph
	ceph.Replicas, ceph.Monitors = 1, 1
	ceph.Block.Replicas, ceph.Filesystem.Replicas, ceph.ObjectStore.Replicas = 1, 1, 1

	set, err := objects.For(one)
	if err != nil {
		t.Fatal(err)
	}
	c := set.Cluster.Body.(*rookio.CephCluster).Spec
	if c.Mon.Count != 1 || c.Mgr.Count != 1 || c.Mon.AllowMultiplePerNode || c.Mgr.AllowMultiplePerNode {
		t.Errorf("monitors %+v and managers %+v on one node", c.Mon, c.Mgr)
	}
	if c.Placement != nil {
		t.Errorf("placement %v, without a taint", c.Placement)
	}
	// Rook refuses one copy that is asked to be safe.
	want := rookio.Replicated{Size: 1}
	if got := set.Internal.Body.(*rookio.CephBlockPool).Spec.Replicated; got != want {
		t.Errorf("Ceph's own pool is %+v, want %+v", got, want)
	}
	files := set.Offers[1].Pools[0].Body.(*rookio.CephFilesystem).Spec
	if files.DataPools[0].Replicated != want || files.MetadataPool.Replicated != want {
		t.Errorf("the file system is %+v, want %+v", files, want)
	}
	if files.MetadataServer.ActiveStandby {
		t.Error("a standby that dies with the active one")
	}
	if n := set.Offers[2].Pools[0].Body.(*rookio.CephObjectStore).Spec.Gateway.Instances; n != 1 {
		t.Errorf("%d gateways on one node", n)
	}
}

func TestFor_OffersWhatIsOn(t *testing.T) {
	stack := spectest.Load(t, fixture)
	ceph := stack.Storage.RookCeph
	ceph.Block.Enabled, ceph.ObjectStore.Enabled = false, false
	set, err := objects.For(stack)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, object := range set.All() {
		names = append(names, object.Name)
	}
	want := []string{
		"namespace", "cluster", "pool-mgr", "filesystem", "filesystem-volumes", "class-filesystem", "snapshots-filesystem",
	}
	if !slices.Equal(names, want) {
		t.Errorf("tells %v, want %v", names, want)
	}
}

func TestFor_ChoosesTheNetwork(t *testing.T) {
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
			stack := spectest.Load(t, fixture)
			stack.Network.PodCIDRs = []netip.Prefix{netip.MustParsePrefix(test.pods)}
			ceph := stack.Storage.RookCeph
			ceph.PublicNetwork, ceph.ClusterNetwork = test.public, test.cluster
			got := cluster(t, stack).Network
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

func TestFor_RefusesWhatRookCouldNotDo(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*spec.Stack)
		want   string
	}{
		"no Ceph at all": {func(s *spec.Stack) { s.Storage.RookCeph = nil }, "storage.rookCeph: the stack has none"},
		"a node that is not there": {
			func(s *spec.Stack) { s.Storage.RookCeph.Nodes[1].Name = "k9" },
			`storage.rookCeph.nodes[1].name: no node is called "k9"`,
		},
		"disks that no link tells apart": {func(s *spec.Stack) {
			s.Storage.RookCeph.Nodes[0].Disks[1] = spec.DiskSelector{Serial: "7"}
			s.Storage.RookCeph.Nodes[2].Disks[0] = spec.DiskSelector{WWID: "t10.ATA     X"}
		}, `storage.rookCeph.nodes[0].disks[1].serial: "7" cannot be told from the number of an NVMe namespace, ` +
			"which stands last in the links of other disks: name the disk by wwid, or by its path below /dev/disk/by-id\n" +
			`storage.rookCeph.nodes[2].disks[0].wwid: no link below /dev/disk/by-id carries "t10.ATA     X": ` +
			"name the disk by serial, or by its path there"},
		"a partition to encrypt": {func(s *spec.Stack) {
			s.Storage.RookCeph.Nodes[2].Disks[0].Path = "/dev/disk/by-id/ata-WDC_WD40EFRX_WD-WCC4E1-part3"
		}, "storage.rookCeph.nodes[2].disks[0].path: /dev/disk/by-id/ata-WDC_WD40EFRX_WD-WCC4E1-part3 is a partition, " +
			"and Rook encrypts whole disks: give the disk, or turn encrypted off"},
		"networks of two families": {func(s *spec.Stack) {
			s.Storage.RookCeph.ClusterNetwork = netip.MustParsePrefix("fd00:6::/64")
		}, "storage.rookCeph.clusterNetwork: fd00:6::/64 is not IPv4, as Ceph's traffic with its clients is, " +
			"and Ceph speaks one family"},
	} {
		t.Run(name, func(t *testing.T) {
			stack := spectest.Load(t, fixture)
			test.change(stack)
			if _, err := objects.For(stack); err == nil || err.Error() != test.want {
				t.Errorf("error %v, want %s", err, test.want)
			}
		})
	}
}

package objects

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/components/rook/disks"
	"github.com/home-ops/home-ops/components/rook/rookio"
	"github.com/home-ops/home-ops/components/rook/tolerate"
	"github.com/home-ops/home-ops/spec"
)

// dataDir is where monitors keep their data on a node. On Talos it lies on the
// EPHEMERAL volume, which an upgrade keeps and a reset clears: a node that is
// reset loses its monitor, which the others make again, and never its disks.
const dataDir = "/var/lib/rook"

// cluster is Ceph on the disks that the stack names, and on no others. The nodes
// are those that have them.
func cluster(stack *spec.Stack, nodes []spec.Node) (*rookio.CephCluster, error) {
	ceph := stack.Storage.RookCeph
	storage, err := namedDisks(ceph)
	if err != nil {
		return nil, err
	}
	network, err := chooseNetwork(stack, nodes)
	if err != nil {
		return nil, err
	}
	return &rookio.CephCluster{
		TypeMeta: rookio.Type("CephCluster"),
		// Rook knows the cluster by its namespace, and so does everyone.
		ObjectMeta: named(Namespace),
		Spec: rookio.CephClusterSpec{
			CephVersion:     rookio.CephVersion{Image: "quay.io/ceph/ceph:" + string(stack.Versions.Ceph)},
			DataDirHostPath: dataDir,
			// One node at a time, and the next only when every copy is there again.
			UpgradeOSDRequiresHealthyPGs: true,
			Mon:                          rookio.Daemons{Count: ceph.Monitors, AllowMultiplePerNode: ceph.MonitorsShareNodes},
			// One manager works and one waits for its end.
			Mgr:       rookio.Daemons{Count: min(ableNodes(stack), 2)},
			Dashboard: rookio.Dashboard{Enabled: ceph.Dashboard},
			// The Prometheus operator's kinds come with Flux, later than this.
			Monitoring: rookio.Monitoring{},
			Network:    network,
			// Logs go where those of every other pod go.
			LogCollector:         rookio.LogCollector{},
			CrashCollector:       rookio.CrashCollector{DaysToRetain: 15},
			CleanupPolicy:        rookio.CleanupPolicy{},
			Placement:            everywhere(placement(nodes)),
			Resources:            clusterResources(),
			PriorityClassNames:   map[string]string{"mon": nodeCritical, "osd": nodeCritical, "mgr": clusterCritical},
			DisruptionManagement: rookio.DisruptionManagement{ManagePodBudgets: true},
			Storage:              storage,
		},
	}, nil
}

// namedDisks lists each node's disks. Its errors begin with the path of the disk
// in the stack file.
func namedDisks(ceph *spec.RookCeph) (rookio.Storage, error) {
	var s rookio.Storage
	var errs []error
	if ceph.Encrypted {
		s.Config = map[string]string{"encryptedDevice": "true"}
	}
	for i, node := range ceph.Nodes {
		at := fmt.Sprintf("storage.rookCeph.nodes[%d].disks", i)
		filter, err := disks.Filter(node.Disks)
		if err != nil {
			for line := range strings.Lines(err.Error()) {
				errs = append(errs, errors.New(at+strings.TrimSpace(line)))
			}
			continue
		}
		if j := slices.IndexFunc(node.Disks, isPartition); j >= 0 && ceph.Encrypted {
			errs = append(errs, fmt.Errorf("%s[%d].path: %s is a partition, and Rook encrypts whole disks: give the disk, or turn encrypted off",
				at, j, node.Disks[j].Path))
		}
		s.Nodes = append(s.Nodes, rookio.StorageNode{Name: node.Name, DevicePathFilter: filter})
	}
	return s, errors.Join(errs...)
}

// partition are the names that the kernel and udev give to parts of a disk.
var partition = regexp.MustCompile(`^/dev/((sd|vd|xvd)[a-z]+[0-9]+|(nvme[0-9]+n|mmcblk)[0-9]+p[0-9]+|disk/by-.+-part[0-9]+)$`)

func isPartition(d spec.DiskSelector) bool { return partition.MatchString(d.Path) }

// chooseNetwork takes the pods' own, unless the stack has one for Ceph among the nodes'
// links: then Ceph leaves the pod network and lives on the nodes.
func chooseNetwork(stack *spec.Stack, nodes []spec.Node) (rookio.Network, error) {
	ceph := stack.Storage.RookCeph
	// A pod's first address is of the first network's family.
	six := len(stack.Network.PodCIDRs) > 0 && stack.Network.PodCIDRs[0].Addr().Is6()
	if !ceph.PublicNetwork.IsValid() && !ceph.ClusterNetwork.IsValid() {
		return rookio.Network{IPFamily: family(six)}, nil
	}

	var ranges rookio.AddressRanges
	switch {
	case ceph.PublicNetwork.IsValid():
		six = ceph.PublicNetwork.Addr().Is6()
		ranges.Public = []string{ceph.PublicNetwork.String()}
	case len(nodes) > 0:
		six = nodes[0].Address.Is6()
		for _, cidr := range stack.Network.NodeCIDRs {
			if cidr.Addr().Is6() == six {
				ranges.Public = append(ranges.Public, cidr.String())
			}
		}
	}
	if ceph.ClusterNetwork.IsValid() {
		if ceph.ClusterNetwork.Addr().Is6() != six {
			return rookio.Network{}, fmt.Errorf("storage.rookCeph.clusterNetwork: %s is not %s, as Ceph's traffic with its clients is, and Ceph speaks one family",
				ceph.ClusterNetwork, family(six))
		}
		ranges.Cluster = []string{ceph.ClusterNetwork.String()}
	}
	return rookio.Network{Provider: "host", IPFamily: family(six), AddressRanges: &ranges}, nil
}

func family(six bool) string {
	if six {
		return string(corev1.IPv6Protocol)
	}
	return string(corev1.IPv4Protocol)
}

// placement lets a daemon onto the nodes whose disks Ceph takes, whatever keeps
// other pods away from them. It is nil when nothing does.
func placement(nodes []spec.Node) *rookio.Placement {
	if list := tolerate.Taints(nodes); len(list) > 0 {
		return &rookio.Placement{Tolerations: list}
	}
	return nil
}

func everywhere(p *rookio.Placement) map[string]rookio.Placement {
	if p == nil {
		return nil
	}
	return map[string]rookio.Placement{"all": *p}
}

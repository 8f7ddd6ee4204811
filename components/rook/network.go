package rook

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/components/rook/rookio"
	"github.com/home-ops/home-ops/spec"
)

// cephNetwork is the pod network, unless the stack gives Ceph networks among the nodes'
// links: then its daemons use the host network.
func cephNetwork(stack *spec.Stack, nodes []spec.Node) (rookio.Network, error) {
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

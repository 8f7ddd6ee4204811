package csi

import (
	"fmt"

	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/zfs"
)

// zfsPool wants the node to have the pool of a class.
func zfsPool(c *cluster.Cluster, class class, node string) error {
	for _, pool := range zfsPools(c, class) {
		if pool.node == node {
			return nil
		}
	}
	return fmt.Errorf("node %s has no ZFS pool %q", node, class.Parameters["poolname"])
}

// placed is a pool and the node that has it.
type placed struct {
	zfs.NodePool
	node string
}

// zfsPools are those that a class takes volumes from.
func zfsPools(c *cluster.Cluster, class class) []placed {
	var found []placed
	for _, item := range cluster.Read[zfs.Node](c, zfs.Nodes) {
		for _, pool := range item.Typed.Pools {
			if pool.Name == class.Parameters["poolname"] {
				found = append(found, placed{pool, item.Typed.Name})
			}
		}
	}
	return found
}

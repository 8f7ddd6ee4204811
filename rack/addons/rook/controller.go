package rook

import (
	"context"
	"errors"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/home-ops/home-ops/rack/addons/cluster"
)

// glance is how often Ceph is looked at although nothing changed: what it copies is whole after a time.
const glance = time.Second

// Hosts are the machines as Ceph's programs see them, by the nodes' hostnames.
type Hosts interface {
	// Disks are those of a node.
	Disks(node string) []Disk
	// Write writes onto a disk as a whole.
	Write(node, path, content string) error
	// HostPath is the folder in which a pod finds a path of its node. The error is the one that the pod would get.
	HostPath(node, path string) (string, error)
}

// Controller plays Rook's operator.
func Controller(hosts Hosts, down cluster.Down) cluster.Controller {
	return cluster.Controller{
		Name: "rook-ceph-operator", Operators: []string{"rook-ceph-operator"},
		Kinds: []cluster.Kind{cluster.Nodes, cluster.Secrets, cluster.ConfigMaps, Clusters, BlockPools, Filesystems, SubVolumeGroups, ObjectStores},
		Every: glance,
		Pass: func(ctx context.Context, c *cluster.Cluster, _ []cluster.Pod) error {
			return (&pass{Cluster: c, ctx: ctx, hosts: hosts, serving: c.Serving(down), now: time.Now()}).all()
		},
	}
}

// pass is one look at everything.
type pass struct {
	*cluster.Cluster
	ctx   context.Context
	hosts Hosts
	// serving are the nodes whose daemons can be reached; now is when it looks.
	serving map[string]*corev1.Node
	now     time.Time
	// clusters are the CephClusters, by their namespace; ready tells of those in which Ceph runs.
	clusters map[string]*cephCluster
	ready    map[string]bool
}

func (p *pass) all() error {
	p.clusters, p.ready = map[string]*cephCluster{}, map[string]bool{}
	var errs []error
	for _, item := range cluster.Read[cephCluster](p.Cluster, Clusters) {
		c := item.Typed
		if c.Spec.External.Enable || c.DeletionTimestamp != nil {
			continue
		}
		errs = append(errs, p.ceph(c, item.Object))
		status := cluster.Find[struct {
			Status clusterStatus `json:"status"`
		}](p.Cluster, Clusters, c.Namespace, c.Name)
		p.clusters[c.Namespace] = c
		// Pools stay as they are while something of a cluster that runs is changed.
		p.ready[c.Namespace] = status != nil && (status.Status.Phase == Ready || status.Status.ObservedGeneration > 0)
		if p.ready[c.Namespace] {
			errs = append(errs, p.keys(c))
		}
	}
	return errors.Join(append(errs, p.pools())...)
}

// Package addons plays the operators of a cluster's add-ons: pods that KWOK runs do nothing, so what their programs would do to
// the API is done here, by controllers that are stand-ins and named as such. Each acts only while a pod of its operator is ready,
// reports the operator's own phases, conditions and words, and leaves an object that it cannot judge without a status.
//
// The packages below say each what it plays and what it leaves out.
package addons

import (
	"context"
	"log/slog"
	"slices"

	"k8s.io/client-go/rest"

	"github.com/home-ops/home-ops/rack/addons/certmanager"
	"github.com/home-ops/home-ops/rack/addons/cilium"
	"github.com/home-ops/home-ops/rack/addons/cluster"
	"github.com/home-ops/home-ops/rack/addons/csi"
	"github.com/home-ops/home-ops/rack/addons/gateway"
	"github.com/home-ops/home-ops/rack/addons/lbipam"
	"github.com/home-ops/home-ops/rack/addons/longhorn"
	"github.com/home-ops/home-ops/rack/addons/prometheus"
	"github.com/home-ops/home-ops/rack/addons/rook"
	"github.com/home-ops/home-ops/rack/addons/volsync"
	"github.com/home-ops/home-ops/rack/addons/volumes"
	"github.com/home-ops/home-ops/rack/addons/zfs"
)

// Options are what the operators find besides the cluster.
type Options struct {
	// Hosts are the nodes' machines.
	Hosts rook.Hosts
	// Down says of a node's machine that it is down, before the API knows. Default: none is but for what the API says.
	Down cluster.Down
	// ZFS is what ZFS makes of the machines' disks. Default: every machine has it.
	ZFS *zfs.Hosts
	// Engines says why a node runs no program that Longhorn puts below /var. Default: every node does.
	Engines func(node string) error
	// Mounts are the places of a node where Longhorn stores. Default: one on every node, which is always well.
	Mounts func(node string) []longhorn.Mount
	// Volumes is what is on the cluster's volumes. Default: nobody looks at it, and VolSync is not played.
	Volumes *volumes.Contents
	// Buckets is the folder with all buckets outside of the cluster.
	Buckets string
	// More are further operators: those that need what is outside of the cluster, and those in whose place a genuine program may run.
	More []cluster.Controller
	// Log is told what the operators do.
	Log *slog.Logger
}

// Cilium plays Cilium's operator, which registers the kinds that are defined in the directory.
func Cilium(definitions string) []cluster.Controller {
	return []cluster.Controller{cilium.Kinds(definitions), lbipam.Controller(), gateway.Controller()}
}

// Run plays the operators of a cluster until the context ends, with full rights. It waits for an API server that is away, before
// the first one and after each.
func Run(ctx context.Context, cfg *rest.Config, o Options) error {
	if o.Down == nil {
		o.Down = func(string) bool { return false }
	}
	if o.Engines == nil {
		o.Engines = func(string) error { return nil }
	}
	hosts := o.ZFS
	if hosts == nil {
		hosts = zfs.NewHosts(o.Hosts, nil)
	}
	controllers := append([]cluster.Controller{
		rook.Controller(hosts, o.Down),
		certmanager.Controller(),
		longhorn.Controller(o.Down, o.Engines, o.Mounts),
		prometheus.Controller(),
	}, slices.Concat(csi.Controllers(o.Volumes), zfs.Controllers(hosts), o.More)...)
	if o.Volumes != nil {
		controllers = append(controllers, volsync.Controller(o.Volumes, o.Buckets))
	}
	return cluster.Play(ctx, cfg, o.Log, controllers...)
}

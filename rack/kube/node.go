package kube

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/home-ops/home-ops/rack/kube/etcd"
	"github.com/home-ops/home-ops/rack/node"
)

var _ node.Kubernetes = (*Node)(nil)

// Node is the Kubernetes of one simulated node.
type Node struct {
	fabric *Fabric
	name   string
	log    *slog.Logger

	mu   sync.Mutex
	boot *boot
	// dir is the node's EPHEMERAL partition, known from its first boot on.
	dir string
}

// Boot implements [node.Kubernetes].
func (n *Node) Boot(ctx context.Context, m node.Machine) error {
	n.powerCut()
	b, err := newBoot(ctx, n, m)
	if err != nil {
		return fmt.Errorf("kubernetes of %s: %w", n.name, err)
	}
	n.mu.Lock()
	n.boot, n.dir = b, m.Dir
	n.mu.Unlock()
	b.start()
	n.fabric.changed()
	return nil
}

// Reconfigure implements [node.Kubernetes].
func (n *Node) Reconfigure(_ context.Context, m node.Machine) error {
	b := n.booted()
	if b == nil {
		return fmt.Errorf("kubernetes of %s: it is not running", n.name)
	}
	defer n.fabric.changed()
	if err := b.update(m); err != nil {
		return fmt.Errorf("kubernetes of %s: %w", n.name, err)
	}
	return nil
}

// Bootstrap implements [node.Kubernetes].
func (n *Node) Bootstrap(_ context.Context, from node.Recovery) error {
	b := n.booted()
	switch {
	case b == nil:
		return status.Errorf(codes.FailedPrecondition, "%s is not running yet", n.name)
	case b.plane == nil:
		return status.Error(codes.FailedPrecondition, "bootstrap can only be performed on a control plane node")
	case n.HasEtcdData() || !b.plane.member.bootstrap(from):
		return status.Error(codes.AlreadyExists, "etcd data directory is not empty")
	}
	n.fabric.clusters.Add(1)
	return nil
}

// HasEtcdData implements [node.Kubernetes].
func (n *Node) HasEtcdData() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dir != "" && etcd.HasData(n.dir)
}

// ReleaseVIPs implements [node.Kubernetes].
func (n *Node) ReleaseVIPs() {
	if b := n.booted(); b != nil && b.plane != nil {
		b.plane.candidates.close(true)
	}
}

// VIPs implements [node.Kubernetes].
func (n *Node) VIPs() []netip.Addr {
	var held []netip.Addr
	for address, holder := range n.fabric.VirtualIPs() {
		if at, err := netip.ParseAddrPort(address); err == nil && holder == n.name {
			held = append(held, at.Addr())
		}
	}
	return held
}

// LeaveEtcd implements [node.Kubernetes].
func (n *Node) LeaveEtcd(ctx context.Context) error {
	b := n.booted()
	if b == nil || b.plane == nil || !n.HasEtcdData() {
		return nil
	}
	if err := b.plane.member.leave(ctx); err != nil {
		return fmt.Errorf("kubernetes of %s: %w", n.name, err)
	}
	return nil
}

// EtcdMembers implements [node.Kubernetes].
func (n *Node) EtcdMembers(ctx context.Context) ([]node.EtcdMember, error) {
	b := n.booted()
	if b == nil || b.plane == nil {
		return nil, status.Errorf(codes.FailedPrecondition, "%s runs no etcd", n.name)
	}
	return b.plane.member.list(ctx)
}

// Kubeconfig implements [node.Kubernetes].
func (n *Node) Kubeconfig(context.Context) ([]byte, error) {
	b := n.booted()
	if b == nil || b.plane == nil {
		return nil, status.Errorf(codes.FailedPrecondition, "%s is no running control plane, and only those hand out a kubeconfig", n.name)
	}
	return b.plane.current().AdminKubeconfig()
}

// Services implements [node.Kubernetes].
func (n *Node) Services() []node.Service {
	if b := n.booted(); b != nil {
		return b.services()
	}
	return nil
}

// Shutdown implements [node.Kubernetes].
func (n *Node) Shutdown(_ context.Context, wipe bool) error {
	b, dir := n.detach()
	if b != nil {
		b.end(true)
	}
	if !wipe || dir == "" {
		return nil
	}
	if err := removeContents(dir); err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("kubernetes of %s: wiping: %w", n.name, err)
	}
	return nil
}

// powerCut ends everything at once.
func (n *Node) powerCut() {
	if b, _ := n.detach(); b != nil {
		b.end(false)
	}
}

// detach takes the boot away from the node, so that nobody counts on what is about to end. The lock is free while it
// ends: its parts look at the other nodes.
func (n *Node) detach() (*boot, string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	b := n.boot
	n.boot = nil
	n.fabric.changed()
	return b, n.dir
}

// booted is the boot that runs, nil while the node is down.
func (n *Node) booted() *boot {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.boot == nil || n.boot.ctx.Err() != nil {
		return nil
	}
	return n.boot
}

package roll

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/home-ops/home-ops/internal/await"
)

// Remove takes nodes out of the cluster that have left the stack, workers first, one after the other: pods are moved off,
// a control plane leaves etcd, and the node object goes. It is to be called before anything else is changed, and wipes
// nothing: that is the provider's part. One that is gone already costs no time.
//
// A machine that does not answer is taken for dead: its pods cannot be moved, and another control plane removes it from
// etcd.
func (r *Roll) Remove(ctx context.Context, nodes []Node) error {
	r.mu.Lock()
	r.leaving = nil
	for _, node := range nodes {
		r.leaving = append(r.leaving, node.Name)
	}
	r.mu.Unlock()
	for _, node := range Order(nodes, false, "", nil) {
		if err := r.remove(ctx, node); err != nil {
			return fmt.Errorf("%s leaves the stack: %w", node.Name, err)
		}
	}
	return nil
}

func (r *Roll) remove(ctx context.Context, node Node) error {
	cluster, member, known, err := r.standing(ctx, node)
	if err != nil || member == nil && !known {
		return err
	}
	machine, err := r.machine(node)
	if err != nil {
		return err
	}
	attempt, done := context.WithTimeout(ctx, r.limits.Attempt)
	running, err := machine.Running(attempt)
	done()
	alive := err == nil && !running.Maintenance
	if alive {
		r.tell(node.Name + " leaves the cluster, because it has left the stack")
	} else {
		r.tell(node.Name + " leaves the cluster, because it has left the stack; it does not answer, and is taken for dead")
	}
	if err := r.bearsDeparture(ctx, node, alive); err != nil {
		return err
	}
	if alive && known {
		if err := r.drain(ctx, cluster, node); err != nil {
			return err
		}
	}
	if member != nil && alive {
		if err := r.releaseVIP(ctx, machine, node); err != nil {
			return err
		}
	}
	if member != nil {
		if err := r.leaveEtcd(ctx, machine, node, *member, alive); err != nil {
			return err
		}
	}
	if !known {
		return nil
	}
	return r.wait(ctx, node.Name, "its node object to go", r.limits.Settle, func(ctx context.Context) error {
		return cluster.DeleteNode(ctx, node.Name)
	})
}

// standing is what the cluster still knows of a node: its member of etcd, and its node object.
func (r *Roll) standing(ctx context.Context, node Node) (cluster Cluster, member *Member, known bool, err error) {
	err = r.wait(ctx, node.Name, "the cluster to say whether it knows it", r.limits.Healthy, func(ctx context.Context) (err error) {
		if cluster, err = r.connect(ctx); err != nil {
			return err
		}
		_, err = cluster.Node(ctx, node.Name)
		known = err == nil
		if err != nil && !isNotFound(err) {
			return err
		}
		state := r.etcd(ctx)
		if len(state.members) == 0 {
			return errors.New("no control plane tells etcd's members")
		}
		member = nil
		if i := slices.IndexFunc(state.members, func(m Member) bool { return m.Name == node.Name }); i >= 0 {
			member = &state.members[i]
		}
		return nil
	})
	return cluster, member, known, err
}

// bearsDeparture waits until the others are well enough to do without a node for ever.
func (r *Roll) bearsDeparture(ctx context.Context, node Node, alive bool) error {
	return r.wait(ctx, node.Name, "the cluster to bear its departure", r.limits.Healthy, func(ctx context.Context) error {
		cluster, err := r.connect(ctx)
		if err != nil {
			return err
		}
		errs := []error{r.othersReady(ctx, cluster, node, nil)}
		if node.ControlPlane {
			errs = append(errs, r.etcd(ctx).bearsLoss(node.Name), r.apiElsewhere(ctx, cluster, node))
		}
		disks, err := cluster.Disks(ctx, node.Name)
		switch {
		case err != nil:
			errs = append(errs, err)
		case len(disks) > 0 && alive:
			return await.Stop{Err: fmt.Errorf("Ceph keeps data on it (%v): empty its disks first (`ceph osd out`, wait until "+ //nolint:staticcheck // a name
				"`ceph osd safe-to-destroy` says yes), delete these deployments, and `ceph osd purge`. Where each copy needs a node of its "+
				"own and no other is left, another node with a disk comes first: docs/runbooks/change-a-node.md", disks)}
		}
		if alive {
			// Copies that only a dead machine had are not waited for.
			errs = append(errs, r.storage(ctx, cluster, node))
		}
		return errors.Join(errs...)
	})
}

// leaveEtcd takes a control plane's member out, and returns when the others list it no more.
func (r *Roll) leaveEtcd(ctx context.Context, machine Machine, node Node, member Member, alive bool) error {
	return r.wait(ctx, node.Name, "etcd to be without it", r.limits.Settle, func(ctx context.Context) error {
		state := r.etcd(ctx)
		if !slices.ContainsFunc(state.members, func(m Member) bool { return m.ID == member.ID }) && len(state.members) > 0 {
			return nil
		}
		if !alive {
			return r.removeMember(ctx, member.ID)
		}
		if status, err := machine.EtcdStatus(ctx); err == nil && status.Leader == status.ID {
			if err := machine.ForfeitLeadership(ctx); err != nil {
				return err
			}
		}
		if err := machine.LeaveEtcd(ctx); err != nil {
			return err
		}
		return errors.New("it has been asked to leave")
	})
}

// removeMember has the first control plane that answers remove a member whose machine is gone.
func (r *Roll) removeMember(ctx context.Context, id uint64) error {
	var errs []error
	for _, other := range r.all {
		if !other.ControlPlane {
			continue
		}
		machine, err := r.machine(other)
		if err == nil {
			err = machine.RemoveMember(ctx, id)
		}
		if err == nil {
			return errors.New("its member has been removed")
		}
		errs = append(errs, within(other, err))
	}
	return errors.Join(errs...)
}

// forget removes the member that a machine left behind which is in maintenance mode: its data are gone, and etcd would
// wait for it for ever. The machine joins as a new member. One that has taken its config meanwhile, as after an update that
// was killed just behind it, may have joined already, and is left alone.
func (r *Roll) forget(ctx context.Context, machine Machine, node Node) error {
	if !node.ControlPlane {
		return nil
	}
	return r.wait(ctx, node.Name, "etcd to forget its former member", r.limits.Healthy, func(ctx context.Context) error {
		state := r.etcd(ctx)
		if len(state.members) == 0 {
			return errors.New("no control plane tells etcd's members")
		}
		i := slices.IndexFunc(state.members, func(m Member) bool { return m.Name == node.Name })
		if i < 0 {
			return nil
		}
		if err := state.bearsLoss(node.Name); err != nil {
			return err
		}
		is, err := machine.Running(ctx)
		switch {
		case err != nil:
			return err
		case !is.Maintenance:
			return nil
		}
		return r.removeMember(ctx, state.members[i].ID)
	})
}

package roll

import (
	"context"
	"errors"
	"fmt"

	"github.com/home-ops/home-ops/internal/await"
)

// turn makes one node what it should be, and returns when the cluster has it back.
func (r *Roll) turn(ctx context.Context, t turn) error {
	node := t.node
	machine, err := r.machine(node)
	if err != nil {
		return err
	}
	// What was seen when the plan was made may have changed since.
	seen, err := r.look(ctx, node)
	if err != nil {
		return err
	}
	if seen.action == Configure {
		return r.configure(ctx, machine, t, seen.at)
	}
	if seen.action != Nothing {
		r.tell(fmt.Sprintf("%s: %s", node.Name, seen.action))
	}
	switch {
	case seen.action == Reinstall:
		err = r.reinstall(ctx, machine, t, seen)
	case seen.action.GoesDown():
		err = r.takeDown(ctx, machine, t, seen)
	case seen.action == Nothing && t.exchange != nil:
		// It may have changed in a run that was killed a moment ago.
		err = r.reports(ctx, node)
	case seen.action == Apply:
		if err = r.before(ctx, t, seen.action); err != nil {
			break
		}
		if t.exchange != nil && t.exchange.changes {
			err = r.exchange(ctx, machine, node)
		} else {
			err = r.apply(ctx, machine, node)
		}
	}
	if err != nil {
		return within(node, err)
	}
	// One that runs what it should already may have gone down in a run that was killed.
	return r.after(ctx, machine, t, seen.action != Apply)
}

// configure gives a machine its config that lost it, and returns when Kubernetes has it back. What storage lacks is for the next
// machine's turn to wait for: another machine may wait for its config too.
func (r *Roll) configure(ctx context.Context, machine Machine, t turn, at whereabouts) error {
	node := t.node
	r.tell(node.Name + ": is in maintenance mode" + at.elsewhere(node) + ", though it belongs to the cluster: it gets its config again")
	if err := r.forget(ctx, at.machine, node); err != nil {
		return err
	}
	if at.address != node.Address {
		if err := r.contact(ctx, machine, node); err != nil {
			return err
		}
	} else if err := r.installs(ctx, machine, at, node); err != nil {
		return within(node, err)
	}
	return r.rejoins(ctx, machine, t)
}

// within names the node whose trouble it is.
func within(node Node, err error) error {
	return fmt.Errorf("%s: %w", node.Name, err)
}

// clear waits until the cluster bears the loss of a node, and takes from it what would be lost with it: its pods, and the
// leadership of etcd.
func (r *Roll) clear(ctx context.Context, machine Machine, t turn, action Action) error {
	if err := r.before(ctx, t, action); err != nil {
		return err
	}
	cluster, err := r.connect(ctx)
	if err != nil {
		return err
	}
	if err := r.drain(ctx, cluster, t.node); err != nil {
		return err
	}
	if t.node.ControlPlane {
		return r.handOver(ctx, machine, t.node)
	}
	return nil
}

// takeDown reboots a node, or upgrades it, once the cluster bears its loss, and returns
// when its services are up again.
func (r *Roll) takeDown(ctx context.Context, machine Machine, t turn, seen sight) error {
	node := t.node
	if err := r.clear(ctx, machine, t, seen.action); err != nil {
		return err
	}
	if err := r.act(ctx, machine, node, seen); err != nil {
		return err
	}
	if err := r.back(ctx, machine, node, seen.running.BootID); err != nil {
		return err
	}
	if seen.action != Upgrade || seen.effect != Refused {
		return nil
	}
	// The config has keys that only the new Talos knows.
	return machine.Apply(ctx, node.Config, Now)
}

// act does what takes the node down.
func (r *Roll) act(ctx context.Context, machine Machine, node Node, seen sight) error {
	if seen.action == Reboot {
		return machine.Apply(ctx, node.Config, WithReboot)
	}
	modes := map[Effect]Mode{Immediate: Now, NeedsReboot: AtNextBoot}
	if mode, wanted := modes[seen.effect]; wanted {
		if err := machine.Apply(ctx, node.Config, mode); err != nil {
			return err
		}
	}
	return machine.Upgrade(ctx, node.Image)
}

// back waits until the machine has booted again. One that came back with its former
// image has rolled back, which no waiting mends.
func (r *Roll) back(ctx context.Context, machine Machine, node Node, before string) error {
	return r.wait(ctx, node.Name, "the machine to come back", r.limits.Return, func(ctx context.Context) error {
		is, err := machine.Running(ctx)
		switch {
		case err != nil:
			return err
		case is.Maintenance:
			return await.Stop{Err: errors.New("the machine came back without its config; see its console")}
		case is.BootID == before:
			return errors.New("it has not gone down yet")
		case is.Talos != node.Talos || is.Schematic != node.Schematic:
			return await.Stop{Err: fmt.Errorf("the machine came back with Talos %s, schematic %.12s, and not %s, %.12s: "+
				"the new image did not boot, and Talos went back to the old one; see its console",
				is.Talos, is.Schematic, node.Talos, node.Schematic)}
		case !is.Ready:
			return errors.New(is.Unmet)
		}
		return nil
	})
}

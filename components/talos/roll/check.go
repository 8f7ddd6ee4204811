package roll

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Check looks at a machine whose config does not change. One in maintenance mode was wiped or exchanged, beside a state
// that knows nothing of it: it gets its config, and its etcd joins. What else differs was changed outside, and is told.
// So is a machine that does not answer; that is no error, since nothing was to be done to it.
//
// It is to be called before [Roll.Settle], so that no other machine goes down meanwhile.
func (r *Roll) Check(ctx context.Context, node Node) error {
	machine, err := r.machine(node)
	if err != nil {
		return err
	}
	is, err := r.glance(ctx, machine)
	if err != nil || is.Maintenance {
		at, sought := r.locate(ctx, node, is, err)
		if unseen := (UnseenError{}); errors.As(sought, &unseen) {
			r.tell(fmt.Sprintf("%s: does not answer (%v); nothing is to be changed on it", node.Name, err))
			return nil
		}
		if sought != nil {
			return within(node, sought)
		}
		return r.revive(ctx, machine, at, node)
	}
	attempt, done := context.WithTimeout(ctx, r.limits.Glance)
	defer done()
	effect, _, err := machine.DryRun(attempt, node.Config)
	if err != nil {
		return nil // it has just answered; the next update looks again
	}
	if drift := driftOf(node, is, effect); drift != "" {
		r.tell(node.Name + ": was changed outside of this program, and is left so: " + drift)
	}
	return nil
}

// driftOf says what differs between a machine and what it was last given.
func driftOf(node Node, is Running, effect Effect) string {
	var differs []string
	if is.Talos != node.Talos {
		differs = append(differs, fmt.Sprintf("it runs Talos %s, not %s", is.Talos, node.Talos))
	}
	if is.Schematic != node.Schematic {
		differs = append(differs, fmt.Sprintf("its image has the schematic %.12s, not %.12s", is.Schematic, node.Schematic))
	}
	if effect != Unchanged {
		differs = append(differs, "its config is another")
	}
	return strings.Join(differs, ", ")
}

// revive brings a machine back that has nothing any more, and waits for its config somewhere.
func (r *Roll) revive(ctx context.Context, machine Machine, at whereabouts, node Node) error {
	r.tell(node.Name + ": is in maintenance mode" + at.elsewhere(node) + ", though it belongs to the cluster: it gets its config again")
	if err := r.forget(ctx, at.machine, node); err != nil {
		return err
	}
	if is, err := machine.Running(ctx); err != nil || is.Maintenance {
		if err := at.machine.Configure(ctx, node.Config); err != nil {
			return within(node, err)
		}
	}
	return r.after(ctx, machine, turn{node: node}, true)
}

package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/report"
)

// comesBack is how long a cluster may take after the power has come back, the machines' own firmware left out: a
// simulated one has none.
const comesBack = 4 * time.Minute

// blackout cuts the power of all machines at once, twice.
func blackout(ctx context.Context, r *rehearsal) error {
	return r.inUse(ctx, 0, func(c *cluster, written marks) error {
		forwards := slices.Clone(r.rack.nodes)
		backwards := slices.Clone(forwards)
		slices.Reverse(backwards)
		for _, round := range []struct {
			name  string
			order []*machine
		}{
			{"power back in the order of the stack file", forwards},
			{"power back in the reverse order", backwards},
		} {
			err := r.phase("blackout", "cutting the power of all machines; "+round.name, func() error {
				return r.cutPower(ctx, c, round.name, round.order)
			})
			if err != nil {
				return err
			}
			r.kept(r.marked(ctx, c, written))
		}
		return r.phase("blackout", "homeops shutdown, and homeops start", func() error { return r.plannedBlackout(ctx, c) })
	})
}

// plannedBlackout has the operator's commands switch all machines off and on again. One that is off can be woken over the
// network.
func (r *rehearsal) plannedBlackout(ctx context.Context, c *cluster) error {
	awake, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := r.rack.listenForWake(awake); err != nil {
		return err
	}
	did, err := r.act(ctx, c, "a planned shutdown and start", func() error {
		if err := r.asWritten(ctx, shutDown, r.stack.Name+"\n", nil); err != nil {
			return err
		}
		for _, m := range r.rack.nodes {
			if s := m.State(); s != node.Off {
				return fmt.Errorf("%s is %s", m.spec.Name, s)
			}
		}
		if err := r.asWritten(ctx, startAgain, "", nil); err != nil {
			return err
		}
		return within(ctx, comesBack, r.observe)
	})
	r.uncordoned(ctx, c, did, err)
	r.allDown(did)
	return err
}

// uncordoned is whether every node takes pods again after a step; err says why it may not.
func (r *rehearsal) uncordoned(ctx context.Context, c *cluster, did report.Step, err error) {
	r.came(did, "every node takes pods again", errors.Join(err, cordoned(ctx, c)))
}

// cordoned is an error that names the nodes that take no pods.
func cordoned(ctx context.Context, c *cluster) error {
	nodes, err := c.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var errs []error
	for _, n := range nodes.Items {
		if n.Spec.Unschedulable {
			errs = append(errs, fmt.Errorf("%s is cordoned", n.Name))
		}
	}
	return errors.Join(errs...)
}

// cutPower switches all machines off at once, and on again each when the one before it has booted.
func (r *rehearsal) cutPower(ctx context.Context, c *cluster, name string, order []*machine) error {
	did, err := r.act(ctx, c, name, func() error {
		for _, m := range order {
			m.PowerOff()
		}
		for _, m := range order {
			if err := m.WaitFor(ctx, node.Off); err != nil {
				return err
			}
		}
		for _, m := range order {
			m.PowerOn()
			if err := m.WaitFor(ctx, node.Booting, node.Running); err != nil {
				return err
			}
		}
		return within(ctx, comesBack, r.observe)
	})
	r.came(did, "the cluster comes back by itself", err)
	r.allDown(did)
	return err
}

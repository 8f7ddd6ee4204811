package power

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/home-ops/home-ops/spec"
)

// Start switches the machines on that are off: control planes first, and workers when the API answers, so that volumes are
// attached by a cluster that knows all of them. It returns when every node is ready, and lets pods onto those that a
// shutdown has cordoned. A machine that Wake-on-LAN does not reach is named: somebody has to press its button, and the wait
// goes on. On a cluster that runs it changes nothing.
func Start(ctx context.Context, o Options) error {
	r, err := newRun(o)
	if err != nil {
		return err
	}
	planes := r.Stack.ControlPlanes()
	if err := r.on(ctx, planes); err != nil {
		return err
	}
	err = r.wait(ctx, "the API", r.Limits.On, func(ctx context.Context) error {
		var errs []error
		for _, node := range planes {
			if err := r.Ready(ctx, node); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", node.Name, err))
			}
		}
		return errors.Join(errs...)
	})
	if err != nil {
		return err
	}
	if err := r.on(ctx, workers(r.Stack)); err != nil {
		return err
	}
	return r.admit(ctx)
}

// on wakes those of the machines that do not answer, and waits until all do.
func (r *run) on(ctx context.Context, nodes []spec.Node) error {
	if len(nodes) == 0 {
		return nil
	}
	told := map[string]bool{}
	return r.wait(ctx, names(nodes)+" to answer", r.Limits.On, func(ctx context.Context) error {
		var off []spec.Node
		for _, node := range nodes {
			if r.answers(ctx, node) {
				continue
			}
			off = append(off, node)
			// A packet that was sent while the card was not listening yet is lost: it is sent again with every look.
			if err := r.Wake(ctx, node); err != nil && !told[node.Name] {
				told[node.Name] = true
				r.Tell(fmt.Sprintf("%v; press its button", err))
			}
		}
		if len(off) > 0 {
			return fmt.Errorf("%s: no answer yet; press the button of one whose firmware does not know Wake-on-LAN", names(off))
		}
		return nil
	})
}

// admit waits until all nodes are ready, and takes back what a shutdown has cordoned.
func (r *run) admit(ctx context.Context) error {
	return r.wait(ctx, "every node to be ready", r.Limits.On, func(ctx context.Context) error {
		nodes, err := r.Cluster.Nodes(ctx)
		if err != nil {
			return err
		}
		known := map[string]Node{}
		for _, node := range nodes {
			known[node.Name] = node
		}
		var unready []string
		for _, node := range r.Stack.Nodes {
			if !known[node.Name].Ready {
				unready = append(unready, node.Name)
			}
		}
		if len(unready) > 0 {
			return fmt.Errorf("%s is not ready", strings.Join(unready, ", "))
		}
		for _, node := range nodes {
			if !node.ByUs {
				continue
			}
			if err := r.Cluster.Uncordon(ctx, node.Name); err != nil {
				return fmt.Errorf("uncordon %s: %w", node.Name, err)
			}
			r.Tell(node.Name + ": takes pods again")
		}
		return nil
	})
}

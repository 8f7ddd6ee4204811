package power

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/home-ops/home-ops/internal/await"
	"github.com/home-ops/home-ops/spec"
)

// Options are what a shutdown or a start works with.
type Options struct {
	Stack   *spec.Stack
	Cluster Cluster
	Machine func(spec.Node) (Machine, error)
	// Ready reports whether the API server of a control plane is ready, at the node's own address.
	Ready func(context.Context, spec.Node) error
	// Wake switches a machine on from outside; see [Wake].
	Wake func(context.Context, spec.Node) error
	// Tell shows progress.
	Tell func(line string)
	// Limits are how long waits may last. Default: [DefaultLimits].
	Limits Limits
}

// Limits are how long waits may last.
type Limits struct {
	// Detach is for the volumes to be detached: a pod may take its time to end, and a database longer than most.
	Detach time.Duration
	// Off is for a machine to stop everything and to power off; Talos itself gives its pods half of it.
	Off time.Duration
	// On is for all machines to boot, the time of their firmware included, and for their nodes to be ready.
	On time.Duration
	// Look is between two looks, Attempt how long a look may take.
	Look, Attempt time.Duration
}

// DefaultLimits are those for real machines.
func DefaultLimits() Limits {
	return Limits{Detach: 5 * time.Minute, Off: 10 * time.Minute, On: 20 * time.Minute, Look: 2 * time.Second, Attempt: 5 * time.Second}
}

// run is one shutdown or start.
type run struct {
	Options
	machines map[string]Machine
}

func newRun(o Options) (*run, error) {
	if o.Limits == (Limits{}) {
		o.Limits = DefaultLimits()
	}
	r := &run{Options: o, machines: map[string]Machine{}}
	var errs []error
	for _, node := range o.Stack.Nodes {
		machine, err := o.Machine(node)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", node.Name, err))
		}
		r.machines[node.Name] = machine
	}
	return r, errors.Join(errs...)
}

// Shutdown switches all machines off. It can be run again after an error, and goes on where it stopped; with anyway it
// goes on without volumes having been detached, as when the API is away.
func Shutdown(ctx context.Context, o Options, anyway bool) error {
	r, err := newRun(o)
	if err != nil {
		return err
	}
	if !r.anyAnswers(ctx, r.Stack.Nodes) {
		r.Tell("no machine answers: they are off")
		return nil
	}
	if err := r.quiesce(ctx); err != nil {
		if !anyway {
			return fmt.Errorf("volumes are still attached, and no machine was switched off: %w; run the command again, or with -anyway to go on all the same", err)
		}
		r.Tell(fmt.Sprintf("going on although volumes are still attached: %v", err))
	}
	if err := r.off(ctx, workers(r.Stack)); err != nil {
		return err
	}
	// The leader goes last, so that etcd elects none that goes next.
	var leaders, others []spec.Node
	for _, node := range r.Stack.ControlPlanes() {
		if r.leads(ctx, node) {
			leaders = append(leaders, node)
		} else {
			others = append(others, node)
		}
	}
	return errors.Join(r.off(ctx, others), r.off(ctx, leaders))
}

func workers(stack *spec.Stack) []spec.Node {
	var all []spec.Node
	for _, node := range stack.Nodes {
		if !node.IsControlPlane() {
			all = append(all, node)
		}
	}
	return all
}

// quiesce keeps new pods away, takes away those with volumes, and waits until nothing is attached.
func (r *run) quiesce(ctx context.Context) error {
	return r.wait(ctx, "volumes to be detached", r.Limits.Detach, func(ctx context.Context) error {
		nodes, err := r.Cluster.Nodes(ctx)
		if err != nil {
			return err
		}
		for _, node := range nodes {
			if node.Cordoned {
				continue
			}
			if err := r.Cluster.Cordon(ctx, node.Name); err != nil {
				return fmt.Errorf("cordon %s: %w", node.Name, err)
			}
		}
		pods, err := r.Cluster.Consumers(ctx)
		if err != nil {
			return err
		}
		var leaving, staying []string
		for _, pod := range pods {
			if pod.Stays != "" {
				staying = append(staying, fmt.Sprintf("%s (%s)", pod, pod.Stays))
				continue
			}
			if err := r.Cluster.Delete(ctx, pod); err != nil {
				return fmt.Errorf("pod %s: %w", pod, err)
			}
			leaving = append(leaving, pod.String())
		}
		if len(leaving) > 0 {
			return fmt.Errorf("%d pods with volumes are ending: %s", len(leaving), strings.Join(leaving, ", "))
		}
		if len(staying) > 0 {
			return fmt.Errorf("%d pods with volumes are left alone: %s; delete them, or what makes them, yourself", len(staying), strings.Join(staying, ", "))
		}
		attached, err := r.Cluster.Attached(ctx)
		if err == nil && len(attached) > 0 {
			err = fmt.Errorf("%d volumes are attached: %s", len(attached), strings.Join(attached, ", "))
		}
		return err
	})
}

// off switches machines off at the same time, and returns when none of them answers any more.
func (r *run) off(ctx context.Context, nodes []spec.Node) error {
	var errs []error
	for _, node := range nodes {
		if !r.answers(ctx, node) {
			continue
		}
		if err := r.machines[node.Name].Off(ctx); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", node.Name, err))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	if len(nodes) == 0 {
		return nil
	}
	err := r.wait(ctx, names(nodes)+" to be off", r.Limits.Off, func(ctx context.Context) error {
		var on []spec.Node
		for _, node := range nodes {
			if r.answers(ctx, node) {
				on = append(on, node)
			}
		}
		if len(on) > 0 {
			return fmt.Errorf("%s still answers", names(on))
		}
		return nil
	})
	if err == nil {
		r.Tell(names(nodes) + ": off")
	}
	return err
}

func (r *run) answers(ctx context.Context, node spec.Node) bool {
	ctx, cancel := context.WithTimeout(ctx, r.Limits.Attempt)
	defer cancel()
	return r.machines[node.Name].Answers(ctx)
}

func (r *run) leads(ctx context.Context, node spec.Node) bool {
	ctx, cancel := context.WithTimeout(ctx, r.Limits.Attempt)
	defer cancel()
	return r.machines[node.Name].Leads(ctx)
}

func (r *run) anyAnswers(ctx context.Context, nodes []spec.Node) bool {
	for _, node := range nodes {
		if r.answers(ctx, node) {
			return true
		}
	}
	return false
}

func names(nodes []spec.Node) string {
	var all []string
	for _, node := range nodes {
		all = append(all, node.Name)
	}
	return strings.Join(all, ", ")
}

// wait looks again until there is no error, and says what it waits for.
func (r *run) wait(ctx context.Context, what string, limit time.Duration, look func(context.Context) error) error {
	times := await.Times{Limit: limit, Attempt: r.Limits.Attempt, Interval: r.Limits.Look}
	err := await.Until(ctx, times, func(reason string, left time.Duration) {
		r.Tell(fmt.Sprintf("waiting for %s, %s left: %s", what, left, reason))
	}, look)
	if err != nil {
		return fmt.Errorf("waited for %s: %w", what, err)
	}
	return nil
}

package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/pulumi"
)

// killing is an operation in which `up` is killed.
type killing struct {
	name string
	arm  func(r *rehearsal, ctx context.Context, kill func())
}

// inside are the moments at which `up` is killed inside an operation, before the plugin has its answer, and so before the
// engine could write anything down.
var inside = []killing{
	{"at the first apply", func(r *rehearsal, _ context.Context, kill func()) { r.whenApplied(1, kill) }},
	{"at the last apply", func(r *rehearsal, _ context.Context, kill func()) { r.whenApplied(len(r.rack.nodes), kill) }},
	{"at bootstrap", func(r *rehearsal, _ context.Context, kill func()) { r.rack.watch(nil, func(string) { kill() }) }},
	{"in the first Helm installation", func(r *rehearsal, ctx context.Context, kill func()) { r.whenPending(ctx, "pending-install", kill) }},
	{"in the next Helm installation", func(r *rehearsal, ctx context.Context, kill func()) { r.whenPending(ctx, "pending-install", kill) }},
}

// inside are those moments in the order in which this stack comes to them: a worker that is not at its address is configured
// after the control plane is bootstrapped.
func (r *rehearsal) inside() []killing {
	ordered := slices.Clone(inside)
	for _, n := range r.stack.Nodes {
		if n.Name == r.lease.node && !n.IsControlPlane() {
			ordered[1], ordered[2] = ordered[2], ordered[1]
		}
	}
	return ordered
}

// whenApplied kills as the count-th machine accepts its config.
func (r *rehearsal) whenApplied(count int, kill func()) {
	var mu sync.Mutex
	applied := map[string]bool{}
	// Those that an `up` before this one got to.
	for _, m := range r.rack.nodes {
		if s := m.State(); s != node.Off && s != node.Maintenance {
			applied[m.spec.Name] = true
		}
	}
	r.rack.watch(func(name string, s node.State) {
		if s == node.Off || s == node.Maintenance {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		applied[name] = true
		if len(applied) == count {
			kill()
		}
	}, nil)
}

// whenPending kills as a record of Helm's appears that has the status, and was not there before.
func (r *rehearsal) whenPending(ctx context.Context, status string, kill func()) {
	go func() {
		var before []string
		for first := true; ctx.Err() == nil; first = false {
			now := r.pending(ctx, status)
			for _, name := range now {
				if !first && !slices.Contains(before, name) {
					kill()
					return
				}
			}
			if first {
				before = now
			}
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
}

// pending are the records of Helm's that have the status.
func (r *rehearsal) pending(ctx context.Context, status string) []string {
	r.rack.mu.Lock()
	admin := r.rack.admin
	r.rack.mu.Unlock()
	if admin == nil {
		return nil
	}
	client, err := kubernetes.NewForConfig(admin)
	if err != nil {
		return nil
	}
	list, err := client.CoreV1().Secrets("").List(ctx, metav1.ListOptions{LabelSelector: "owner=helm,status=" + status})
	if err != nil {
		return nil // the API is not there yet
	}
	var names []string
	for _, secret := range list.Items {
		names = append(names, secret.Namespace+"/"+secret.Name)
	}
	return names
}

// interrupted ends `up` at one moment after the other, each time a little further on the way to the same cluster, and then
// lets it finish.
func interrupted(ctx context.Context, r *rehearsal) error { return r.interruptions(ctx, false) }

// everywhere does so at every moment that the engine tells. What the engine does side by side goes on while a run ends, and no
// next run meets it: here it does one thing after the other. Nor is it ended inside an operation, on the way to which others pass.
func everywhere(ctx context.Context, r *rehearsal) error {
	r.cli.Serial = true
	return r.interruptions(ctx, true)
}

// interruptions are those at all of the moments that the engine tells, or at a sample of them and inside operations.
func (r *rehearsal) interruptions(ctx context.Context, all bool) error {
	var planned []moment
	err := r.phase("interrupted", "pulumi preview, which tells the moments", func() error {
		_, err := r.cli.Preview(ctx, moments(&planned))
		return err
	})
	if err != nil {
		return err
	}
	r.enough(planned)
	if !all {
		planned = sample(planned)
		for _, at := range r.inside() {
			r.interruptInside(ctx, at.name, func(ctx context.Context, kill func()) pulumi.Watcher {
				at.arm(r, ctx, kill)
				return func(apitype.EngineEvent) {}
			})
		}
	}
	if err := r.interruptAt(ctx, "create", planned); err != nil {
		return err
	}
	if err := r.upBeside(ctx); err != nil {
		return err
	}
	if err := r.upAgain(ctx); err != nil {
		return err
	}
	for _, interrupt := range []func(context.Context, bool) error{r.interruptChange, r.interruptReplacement} {
		if err := interrupt(ctx, all); err != nil {
			return err
		}
	}
	if err := r.settle(ctx); err != nil {
		return err
	}
	r.cli.Serial = false
	err = r.phase("checks", "checking what came of it", func() error { return r.checkInterrupted(ctx) })
	if err != nil {
		return err
	}
	return r.phase("setting", "changing a setting of the tree", func() error { return r.changeSetting(ctx) })
}

// checkInterrupted looks at the cluster, and whether anything is outside of it that a dead run has left.
func (r *rehearsal) checkInterrupted(ctx context.Context) error {
	for _, m := range r.world.made() {
		r.add(m.what+" is there as often as it should be", m.asOften(), m.String())
	}
	r.run(ctx, nil, []check{{"no name has two records", r.checkRecords}})
	return r.check(ctx)
}

// enough is whether a preview told of as many moments as any cluster has.
func (r *rehearsal) enough(planned []moment) {
	r.add("there are moments to end up at", len(planned) >= 30, fmt.Sprintf("%d", len(planned)))
}

// upBeside completes the cluster, and begins a second `up` beside the one that does.
func (r *rehearsal) upBeside(ctx context.Context) error {
	second := make(chan error, 1)
	var begun sync.Once
	err := r.up(ctx, func(apitype.EngineEvent) {
		begun.Do(func() {
			go func() {
				beside := *r.cli
				beside.Out, beside.Logs = io.Discard, filepath.Join(beside.Logs, "beside")
				_, err := beside.Up(ctx)
				second <- err
			}()
		})
	})
	begun.Do(func() { second <- errors.New("the first one was over before it had begun") })
	r.besideRefused(<-second)
	return err
}

// besideRefused looks at how a second `up` ended that was begun beside one that was at work.
func (r *rehearsal) besideRefused(err error) {
	refused := err != nil && strings.Contains(err.Error(), "the stack is currently locked") && strings.Contains(err.Error(), "pulumi cancel")
	detail := "the state is locked, and it says by whom"
	if !refused {
		detail = detailOf(err, "pulumi said that all went well")
	}
	r.add("a second up beside one that is at work is refused", refused, detail)
}

// interruptAt runs `up` again and again, and ends each run at the first of the moments that no run before was ended at.
// Moments that no run comes to any more have passed in one that was ended elsewhere.
func (r *rehearsal) interruptAt(ctx context.Context, what string, left []moment) error {
	all, ways := len(left), endings()
	for run := 0; len(left) > 0; run++ {
		var met *moment
		way := ways[run%len(ways)]
		watch := func(ctx context.Context, kill func()) pulumi.Watcher {
			return func(e apitype.EngineEvent) {
				if m, ok := momentOf(e); ok && met == nil && slices.Contains(left, m) {
					met = &m
					kill()
				}
			}
		}
		name := fmt.Sprintf("%s, run %d", what, run+1)
		if !r.interrupt(ctx, name, way, watch) || met == nil {
			break
		}
		r.report.Checks[len(r.report.Checks)-1].Detail += " " + met.String()
		left = slices.DeleteFunc(left, func(m moment) bool { return m == *met })
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	detail := fmt.Sprintf("%d of %d", all-len(left), all)
	if len(left) > 0 {
		passed := make([]string, len(left))
		for i, m := range left {
			passed[i] = m.String()
		}
		detail += "; passed in runs that were ended elsewhere: " + strings.Join(passed, ", ")
	}
	r.add(fmt.Sprintf("up was ended at the moments of %s", what), all-len(left) >= leastEnded(all, r.cli.Serial), detail)
	return nil
}

// leastEnded is at how many moments `up` must have been ended to have tried them. What the engine does side by side goes on while a
// run ends, so no next run meets it: then it is a third, and two where there are two. Where it does one thing after the other it is
// nine of ten, for some things take less time than it takes to see them.
func leastEnded(all int, serial bool) int {
	if serial {
		return all - all/10
	}
	return max(min(2, all), all/3)
}

// interruptInside kills `up` inside an operation. A run that was not killed has not been tried there.
func (r *rehearsal) interruptInside(
	ctx context.Context, name string, arm func(ctx context.Context, kill func()) pulumi.Watcher,
) {
	wasEnded := r.interrupt(ctx, name, endings()[0], arm)
	r.rack.watch(nil, nil)
	if !wasEnded {
		last := &r.report.Checks[len(r.report.Checks)-1]
		last.OK, last.Detail = false, "up was not killed: "+last.Detail
	}
}

// interrupt runs `up`, ends it at a moment, and adds what came of it. It reports whether the run was ended: one that has
// done its work before is no fault of its own.
func (r *rehearsal) interrupt(
	ctx context.Context, name string, way ending, arm func(ctx context.Context, kill func()) pulumi.Watcher,
) bool {
	wasEnded := false
	err := r.phase("interrupted", "pulumi up, ended by "+way.name+": "+name, func() error {
		running, kill := context.WithCancelCause(ctx)
		defer kill(nil)
		var family []int
		r.cli.Family = &family
		defer func() { r.cli.Family = nil }()
		var struck error
		var once sync.Once
		watch := arm(running, func() { once.Do(func() { struck = way.strike(r, kill) }) })
		err := r.upThrough(running, watch)
		wasEnded = ended(err)
		if !wasEnded {
			return errors.Join(err, struck)
		}
		if left := pulumi.Outlived(family, outlives); left > 0 {
			return fmt.Errorf("%d processes lived on for %s", left, outlives)
		}
		// The engine's own lock outlives it; every operator knows `pulumi cancel`.
		return errors.Join(struck, r.cli.Cancel(ctx), r.stateIsWhole(ctx))
	})
	detail := "by " + way.name
	switch {
	case err != nil:
		detail = firstLine(err)
		fmt.Fprintln(r.out, err)
	case !wasEnded:
		detail = "it had done its work before"
	}
	r.add("ended: "+name, err == nil, detail)
	return wasEnded && err == nil
}

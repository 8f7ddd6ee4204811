package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/home-ops/home-ops/rack/pulumi"
	"github.com/home-ops/home-ops/spec"
)

// fullDiskLimit is how long an `up` may go on that cannot write its state.
const fullDiskLimit = 3 * time.Minute

// interruptChange changes what a cluster has, which updates and makes, and takes it back, which updates and deletes; each
// is ended on the way; where not at all of the moments, then inside a Helm upgrade as well, and a smaller change by a full disk.
func (r *rehearsal) interruptChange(ctx context.Context, all bool) error {
	before, err := os.ReadFile(r.file.Copy)
	if err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	after, err := withPoolMore(string(before), r.stack)
	if err != nil {
		return err
	}
	for _, way := range []struct{ name, text string }{{"a change", after}, {"its return", string(before)}} {
		if err := os.WriteFile(r.file.Copy, []byte(way.text), 0o600); err != nil {
			return fmt.Errorf("stack file: %w", err)
		}
		var planned []moment
		if _, err := r.cli.Preview(ctx, moments(&planned)); err != nil {
			return err
		}
		if !all {
			planned = sample(planned)
			r.interruptInside(ctx, "in a Helm upgrade of "+way.name, func(ctx context.Context, kill func()) pulumi.Watcher {
				r.whenPending(ctx, "pending-upgrade", kill)
				return func(apitype.EngineEvent) {}
			})
		}
		if err := r.interruptAt(ctx, way.name, planned); err != nil {
			return err
		}
		if _, err := r.cli.Up(ctx); err != nil {
			return err
		}
	}
	if all {
		return nil
	}
	return r.changeOnFullDisk(ctx, strings.Replace(after, changedValue, "", 1), string(before))
}

// changeOnFullDisk has the disk of the state fill up on the way of a change, completes that, and takes it back. Some of what the engine
// does on a full disk may be in the state in the end, so that no other run has to find something left of the change.
func (r *rehearsal) changeOnFullDisk(ctx context.Context, after, before string) error {
	if err := os.WriteFile(r.file.Copy, []byte(after), 0o600); err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	if err := r.fullDisk(ctx); err != nil {
		return err
	}
	if _, err := r.cli.Up(ctx); err != nil {
		return err
	}
	if err := os.WriteFile(r.file.Copy, []byte(before), 0o600); err != nil {
		return fmt.Errorf("stack file: %w", err)
	}
	_, err := r.cli.Up(ctx)
	return err
}

// settle has the state forget the creations of dead runs, as docs/state.md says: the engine cannot know what became of them, and their
// resources were made by the runs after. Nothing may be left to do.
func (r *rehearsal) settle(ctx context.Context) error {
	err := r.phase("interrupted", "pulumi refresh --clear-pending-creates", func() error {
		_, err := r.cli.ClearPending(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return r.upAgain(ctx)
}

// changedValue changes the values of Cilium's release.
const changedValue = "\n    bandwidthManager: true"

// withPoolMore is a stack file with other values for Cilium's release, and with a pool more: the last address of another pool, or,
// where pools are prefixes, the prefix that follows the last of one.
func withPoolMore(text string, stack *spec.Stack) (string, error) {
	const pools = "\n    pools:\n"
	if strings.Count(text, pools) != 1 || strings.Contains(text, "bandwidthManager:") {
		return "", errors.New("stack file: it has no list of pools below home-ops:cilium, or names bandwidthManager: there is nothing to change and to end an up at")
	}
	more := func(text, block string) string {
		return strings.Replace(text, pools, fmt.Sprintf("%s%s      - { name: rehearsal, blocks: [%q] }\n", changedValue, pools, block), 1)
	}
	for _, p := range stack.Cilium.Pools {
		last := p.Blocks[len(p.Blocks)-1]
		shorter := spec.Range{First: last.First, Last: last.Last.Prev()}
		if !last.Prefix.IsValid() && shorter.Last.IsValid() && !shorter.Last.Less(shorter.First) && strings.Count(text, last.String()) == 1 {
			return more(strings.Replace(text, last.String(), shorter.String(), 1), fmt.Sprintf("%s-%s", last.Last, last.Last)), nil
		}
	}
	for _, p := range stack.Cilium.Pools {
		for _, block := range p.Blocks {
			if next := block.Last.Next(); block.Prefix.IsValid() && next.IsValid() {
				changed := more(text, netip.PrefixFrom(next, block.Prefix.Bits()).String())
				if _, problems := spec.Load(stack.Name, []byte(changed)); problems.Err() == nil {
					return changed, nil
				}
			}
		}
	}
	return "", errors.New("stack file: no pool can be parted, and none can follow another: there is nothing to change and to end an up at")
}

// fullDisk has the disk of the state fill up in the middle of an `up`, which then fails; the state is as good as before.
func (r *rehearsal) fullDisk(ctx context.Context) error {
	fill, done, err := r.smallDisk()
	if err != nil {
		return err
	}
	var filled sync.Once
	var fillErr error
	full := false
	limited, cancel := context.WithTimeoutCause(ctx, fullDiskLimit, pulumi.ErrKilled)
	defer cancel()
	_, upErr := r.cli.Up(limited, func(e apitype.EngineEvent) {
		if _, ok := momentOf(e); ok {
			filled.Do(func() { full = true; fillErr = fill() })
		}
	})
	if err := errors.Join(fillErr, done()); err != nil {
		return err
	}
	r.filledUp(ctx, full, upErr)
	return nil
}

// filledUp is whether a run failed that had no room for its state, and the state is whole after it.
func (r *rehearsal) filledUp(ctx context.Context, full bool, upErr error) {
	_ = r.cli.Cancel(ctx)
	detail, err := "", r.stateIsWhole(ctx)
	switch {
	case !full:
		err = errors.Join(errors.New("it never filled up: up came to no moment"), err)
	case upErr == nil:
		err = errors.Join(errors.New("up ended as if there had been room for its state"), err)
	default:
		detail = firstLine(upErr)
	}
	r.addChecked("the disk of the state fills up", detail, err)
}

package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"github.com/home-ops/home-ops/rack/node"
	"github.com/home-ops/home-ops/rack/pulumi"
)

// interruptions are the moments at which `up` is killed. Those on the nodes' side come before the plugin has its answer,
// and so before the engine could write anything down.
var interruptions = []struct {
	name string
	arm  func(r *rehearsal, kill func()) pulumi.Watcher
}{
	{"after the secrets", func(_ *rehearsal, kill func()) pulumi.Watcher {
		return func(e apitype.EngineEvent) {
			if e.ResOutputsEvent != nil && strings.HasSuffix(e.ResOutputsEvent.Metadata.Type, ":Secrets") {
				kill()
			}
		}
	}},
	{"at the first apply", func(r *rehearsal, kill func()) pulumi.Watcher { return r.whenApplied(1, kill) }},
	{"at the last apply", func(r *rehearsal, kill func()) pulumi.Watcher {
		return r.whenApplied(len(r.rack.nodes), kill)
	}},
	{"at bootstrap", func(r *rehearsal, kill func()) pulumi.Watcher {
		r.rack.watch(nil, func(string) { kill() })
		return ignore
	}},
}

func ignore(apitype.EngineEvent) {}

// whenApplied kills as the count-th machine accepts its config.
func (r *rehearsal) whenApplied(count int, kill func()) pulumi.Watcher {
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
	return ignore
}

// interrupted kills `up` with SIGKILL at one moment after the other, each time a little further on the way to the same
// cluster, and then lets it finish.
func interrupted(ctx context.Context, r *rehearsal) error {
	for _, at := range interruptions {
		err := r.phase("interrupted", "pulumi up, killed "+at.name, func() error { return r.interrupt(ctx, at.arm) })
		detail := "by SIGKILL"
		if err != nil {
			detail = firstLine(err)
			fmt.Fprintln(r.out, err)
		}
		r.add("killed "+at.name, err == nil, detail)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if err := r.upTwice(ctx); err != nil {
		return err
	}
	return r.phase("checks", "checking what came of it", func() error { return r.check(ctx) })
}

func (r *rehearsal) interrupt(ctx context.Context, arm func(*rehearsal, func()) pulumi.Watcher) error {
	running, kill := context.WithCancelCause(ctx)
	watch := arm(r, func() { kill(pulumi.ErrKilled) })
	_, err := r.cli.Up(running, watch)
	kill(nil)
	r.rack.watch(nil, nil)
	if !errors.Is(err, pulumi.ErrKilled) {
		return fmt.Errorf("up was not killed: %w", err)
	}
	// The engine's own lock outlives it; every operator knows `pulumi cancel`.
	return r.cli.Cancel(ctx)
}

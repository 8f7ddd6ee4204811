package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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

// interrupted kills `up` with SIGKILL at each moment, each time on fresh machines, and lets the next `up` finish.
func interrupted(ctx context.Context, r *rehearsal) error {
	r.rack.stop()
	for i, at := range interruptions {
		name := fmt.Sprintf("interrupted-%d", i)
		err := r.phase(name, "pulumi up, killed "+at.name, func() error { return r.interrupt(ctx, name, at.arm) })
		detail := "the next up completed, and the one after it changed nothing"
		if err != nil {
			detail = firstLine(err)
			fmt.Fprintln(r.out, err)
		}
		r.add("killed "+at.name, err == nil, detail)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

func (r *rehearsal) interrupt(ctx context.Context, name string, arm func(*rehearsal, func()) pulumi.Watcher) error {
	if err := r.renewWorld(ctx, "world-"+name); err != nil {
		return err
	}
	var err error
	if r.rack, err = newRack(ctx, r.config, r.stack, r.world, filepath.Join(r.config.Dir, name)); err != nil {
		return err
	}
	defer r.rack.stop()
	if r.cli, err = r.newStack(ctx, "state-"+name); err != nil {
		return err
	}
	running, kill := context.WithCancelCause(ctx)
	watch := arm(r, func() { kill(pulumi.ErrKilled) })
	_, err = r.cli.Up(running, watch)
	kill(nil)
	r.rack.watch(nil, nil)
	if !errors.Is(err, pulumi.ErrKilled) {
		return fmt.Errorf("up was not killed: %w", err)
	}
	// The engine's own lock outlives it; every operator knows `pulumi cancel`.
	if err := r.cli.Cancel(ctx); err != nil {
		return err
	}
	if _, err := r.cli.Up(ctx); err != nil {
		return fmt.Errorf("the next up: %w", err)
	}
	again, err := r.cli.Up(ctx)
	if err != nil {
		return fmt.Errorf("the up after the next: %w", err)
	}
	if n := again.Changed(); n != 0 {
		return fmt.Errorf("the up after the next changed %d resources: %v", n, again.Changes)
	}
	return r.observe(ctx)
}

// renewWorld puts another world in the place of the old one, for a cluster that is made anew: nobody's accounts have a
// tunnel or a webhook yet.
func (r *rehearsal) renewWorld(ctx context.Context, name string) error {
	config := *r.config
	config.Dir = filepath.Join(r.config.Dir, name)
	if err := os.MkdirAll(config.Dir, 0o755); err != nil {
		return fmt.Errorf("rehearsal: %w", err)
	}
	next, err := newWorld(ctx, &config, r.stack, r.secrets)
	if err != nil {
		return err
	}
	if err := r.world.close(); err != nil {
		return err
	}
	r.world = next
	return r.world.open()
}

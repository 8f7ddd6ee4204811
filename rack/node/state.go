package node

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// State is what a machine is doing, as its owner sees it.
type State int

// The states of a machine. It starts Off, and ends there when it is shut down or loses power.
const (
	Off State = iota
	// Maintenance waits for a config.
	Maintenance
	// Installing writes the image to the system disk; nothing answers.
	Installing
	// Booting has a config, and its API answers; services are not started yet.
	Booting
	// Running has started its services. A control plane may still wait for bootstrap.
	Running
	// Upgrading writes another image over the installed one.
	Upgrading
	// Resetting wipes what it was told to.
	Resetting
	// Rebooting stops services, then goes down and comes back.
	Rebooting
	// ShuttingDown stops services, then powers off.
	ShuttingDown
)

var stateNames = [...]string{"off", "maintenance", "installing", "booting", "running", "upgrading", "resetting", "rebooting", "shutting down"}

func (s State) String() string {
	if s < 0 || int(s) >= len(stateNames) {
		return fmt.Sprintf("state %d", int(s))
	}
	return stateNames[s]
}

// stateVar holds the current state, tells each change once and in order, and lets callers wait for one.
type stateVar struct {
	notify func(State)

	mu      sync.Mutex
	current State
	changed chan struct{}
}

func newStateVar(notify func(State)) *stateVar {
	return &stateVar{notify: notify, changed: make(chan struct{})}
}

func (v *stateVar) get() State {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.current
}

// set is called from the goroutine that drives the machine, and from no other.
func (v *stateVar) set(next State) {
	v.mu.Lock()
	if v.current == next {
		v.mu.Unlock()
		return
	}
	v.current = next
	close(v.changed)
	v.changed = make(chan struct{})
	v.mu.Unlock()
	if v.notify != nil {
		v.notify(next)
	}
}

// wait returns once the state is one of those wanted, or the context's error, with the state it was in.
func (v *stateVar) wait(ctx context.Context, wanted ...State) error {
	for {
		v.mu.Lock()
		current, changed := v.current, v.changed
		v.mu.Unlock()
		if slices.Contains(wanted, current) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %v: the node is %s: %w", wanted, current, context.Cause(ctx))
		}
	}
}

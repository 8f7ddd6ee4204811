package node

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"github.com/siderolabs/talos/pkg/machinery/config"
)

// Node is one simulated machine.
type Node struct {
	opts  Options
	log   *slog.Logger
	parts partitions
	state *stateVar

	running atomic.Bool

	mu sync.Mutex
	// on is the power switch; flipped is closed when it changes.
	on      bool
	flipped chan struct{}
	// systemless says that the system disk has died, and none was put in since.
	systemless bool
	session    *session
	lastErr    error
}

// New checks the options and opens the machine's directory. The machine is off until Run.
func New(opts Options) (*Node, error) {
	opts.setDefaults()
	if err := opts.validate(); err != nil {
		return nil, err
	}
	parts, err := openPartitions(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("node %s: %w", opts.Name, err)
	}
	return &Node{
		opts:    opts,
		log:     opts.Log.With("node", opts.Name),
		parts:   parts,
		state:   newStateVar(opts.OnState),
		flipped: make(chan struct{}),
	}, nil
}

// Run powers the machine on and simulates it until the context ends, which is like pulling its plug: what a
// machine keeps on disk stays in the directory, and a later Run continues from there. A machine that had been
// shut down stays off until PowerOn.
//
// Run returns nil when the context ends, and an error only when the machine cannot be simulated any further.
func (n *Node) Run(ctx context.Context) error {
	if n.running.Swap(true) {
		return fmt.Errorf("node %s: already running", n.opts.Name)
	}
	defer n.running.Store(false)
	defer n.state.set(Off)

	n.flip(!n.parts.poweredOff())
	for {
		if !n.waitForPower(ctx) {
			return nil
		}
		ending, err := n.powerCycle(ctx)
		if err == nil {
			err = n.lostSystem()
		}
		switch {
		case err != nil:
			return fmt.Errorf("node %s: %w", n.opts.Name, err)
		case ctx.Err() != nil:
			return nil
		case ending == endPowerOff:
			n.flip(false)
		default:
			n.state.set(Rebooting)
			n.pause(ctx, n.opts.Timing.Reboot)
		}
	}
}

// powerCycle runs one session, from power on to its end.
func (n *Node) powerCycle(ctx context.Context) (ending, error) {
	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	s, err := newSession(n, cut)
	if err != nil {
		return endReboot, err
	}
	n.mu.Lock()
	n.session = s
	if !n.on {
		s.powerCut(endPowerOff)
	}
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		n.session = nil
		n.mu.Unlock()
	}()
	return s.run(ctx)
}

// State is what the machine is doing now.
func (n *Node) State() State { return n.state.get() }

// WaitFor returns when the machine is in one of the states, or with an error when the context ends before.
func (n *Node) WaitFor(ctx context.Context, states ...State) error {
	if err := n.state.wait(ctx, states...); err != nil {
		return fmt.Errorf("node %s: %w", n.opts.Name, err)
	}
	return nil
}

// Applied is the config that is in effect, nil in maintenance mode and while the machine is off.
func (n *Node) Applied() config.Provider {
	if s := n.current(); s != nil {
		return s.config()
	}
	return nil
}

// Err is the last trouble that the machine had and a client of its API may not see: an error that made it reboot,
// an address that it does not have, a volume without a place. It is nil when there was none.
func (n *Node) Err() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lastErr
}

// Acknowledge forgets the trouble that the machine had, because it was caused on purpose.
func (n *Node) Acknowledge() { n.fail(nil) }

func (n *Node) fail(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lastErr = err
}

func (n *Node) current() *session {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.session
}

// InstalledImage is the reference of the installer image that the machine runs, empty while nothing is installed.
func (n *Node) InstalledImage() string {
	installed, ok, err := n.parts.installed()
	if err != nil || !ok {
		return ""
	}
	return installed.Image
}

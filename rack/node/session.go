package node

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/cosi-project/runtime/pkg/state"
	"github.com/google/uuid"
	"github.com/siderolabs/talos/pkg/machinery/config"
	runtimeres "github.com/siderolabs/talos/pkg/machinery/resources/runtime"
)

// ending is how a session ends.
type ending int

const (
	endReboot ending = iota
	endPowerOff
)

// powerLoss is the cause of a session's context when the power was cut.
type powerLoss struct{ ending ending }

func (powerLoss) Error() string { return "power lost" }

// session is what a machine has in memory: it begins with power on, and is gone after a reboot, a shutdown or a
// power cut.
type session struct {
	node  *Node
	log   *slog.Logger
	parts partitions

	bootID    string
	started   time.Time
	resources state.State
	events    *eventLog
	console   *console
	services  *serviceSet
	api       *api
	cut       context.CancelCauseFunc
	// sequences carries at most one sequence to run instead of the one that runs now.
	sequences chan sequence
	// configured carries the config that ends maintenance mode.
	configured chan config.Provider

	// installed is what is on the system disk; nil on an empty one. Only the session's goroutine changes it.
	installed *installation
	identity  string

	mu     sync.Mutex
	active config.Provider
	// mounts are the disks that volumes are mounted from, by the volumes' names.
	mounts map[string]Mount
	// opened are those of Talos's own volumes that were opened in this boot, by their labels.
	opened  map[string]bool
	network network
	// vips are the virtual IPs that the machine was last seen to have.
	vips     []linkAddress
	rollback *time.Timer
	bootDone bool

	// addressesMu is held while the addresses are published.
	addressesMu sync.Mutex

	statusMu   sync.Mutex
	lastStatus runtimeres.MachineStatusSpec
}

func newSession(n *Node, cut context.CancelCauseFunc) (*session, error) {
	s := &session{
		node:       n,
		parts:      n.parts,
		bootID:     uuid.NewString(),
		started:    time.Now(),
		events:     newEventLog(),
		console:    newConsole(),
		cut:        cut,
		sequences:  make(chan sequence, 1),
		configured: make(chan config.Provider),
		mounts:     map[string]Mount{},
		opened:     map[string]bool{},
	}
	s.log = slog.New(slog.NewMultiHandler(slog.NewTextHandler(s.console, nil), n.log.Handler()))
	s.services = newServiceSet(s)
	s.api = newAPI(s)

	inst, ok, err := n.parts.installed()
	if err != nil {
		return nil, err
	}
	if ok {
		s.installed = &inst
	}
	if s.identity, err = n.parts.identity(newIdentity); err != nil {
		return nil, err
	}
	s.resources, err = newResources()
	return s, err
}

// powerCut ends the session at once.
func (s *session) powerCut(how ending) { s.cut(powerLoss{how}) }

// sequenceError is an error that makes a machine reboot. Any other error of a session means that the machine
// cannot be simulated any further.
type sequenceError struct {
	sequence string
	err      error
}

func (e *sequenceError) Error() string { return e.sequence + " sequence: " + e.err.Error() }

func (e *sequenceError) Unwrap() error { return e.err }

// run drives the machine from power on until the session ends.
func (s *session) run(ctx context.Context) (ending, error) {
	s.log.Info("power on", "bootID", s.bootID, "version", s.version())
	how, err := s.boot(ctx)
	if cause := context.Cause(ctx); cause != nil {
		s.pullPlug(ctx)
		return endingOf(cause), nil
	}
	var failed *sequenceError
	if errors.As(err, &failed) {
		how, err = endReboot, nil
		s.recover(ctx, failed)
	}
	s.stopRollback()
	s.events.close()
	s.api.stop(true)
	return how, err
}

// endingOf reads from the cause of a session's end how it ends. When it is the whole simulation that ends, it does
// not matter.
func endingOf(cause error) ending {
	var loss powerLoss
	errors.As(cause, &loss)
	return loss.ending
}

// pullPlug is what a power cut does: connections break, Kubernetes is gone in the middle of whatever it did.
func (s *session) pullPlug(ctx context.Context) {
	s.stopRollback()
	s.events.close()
	s.api.stop(false)
	s.killKubernetes(ctx)
}

// killKubernetes ends Kubernetes where no sequence does it in order.
func (s *session) killKubernetes(ctx context.Context) {
	s.services.stop()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := s.kubernetes().Shutdown(ctx, false); err != nil {
		s.log.Error("Kubernetes did not stop", "error", err)
	}
}

// shutdownTimeout bounds what must end although nobody waits for it any more.
const shutdownTimeout = 30 * time.Second

// boot follows machined: stay in maintenance without a config, install without an installation, else start.
func (s *session) boot(ctx context.Context) (ending, error) {
	if err := s.publishHardware(ctx); err != nil {
		return endReboot, err
	}
	if err := s.installStaged(ctx); err != nil {
		return endReboot, &sequenceError{sequenceInstall, err}
	}
	cfg, err := s.loadConfig()
	if err != nil {
		return endReboot, &sequenceError{sequenceInitialize, err}
	}
	if cfg == nil {
		if cfg, err = s.maintain(ctx); cfg == nil || err != nil {
			return endReboot, err
		}
		if s.installed == nil {
			return endReboot, s.install(ctx, cfg)
		}
		if err := s.persist(cfg); err != nil {
			return endReboot, err
		}
	}
	return s.serve(ctx, cfg)
}

// serve runs a configured machine.
func (s *session) serve(ctx context.Context, cfg config.Provider) (ending, error) {
	if err := s.activate(ctx, cfg); err != nil {
		return endReboot, err
	}
	runCtx, stop := context.WithCancel(ctx)
	defer stop()
	// Kubernetes outlives the machine's own services: a sequence stops it in order, and only a power cut, or a
	// sequence that fails, ends it at once.
	powered, cut := context.WithCancel(ctx)
	defer cut()
	s.services.start(runCtx)
	s.api.startConfigured(runCtx)
	go s.followMembers(runCtx)

	booted := make(chan error, 1)
	go func() { booted <- s.runSequence(runCtx, s.bootSequence(powered)) }()
	for {
		select {
		case err := <-booted:
			booted = nil
			if err != nil {
				return endReboot, err
			}
		case seq := <-s.sequences:
			stop()
			if booted != nil {
				<-booted
			}
			return seq.ending, s.runSequence(ctx, seq)
		case <-ctx.Done():
			if booted != nil {
				<-booted
			}
			return endReboot, nil
		}
	}
}

// recover is what machined does when a sequence fails: it says so, waits, and reboots.
func (s *session) recover(ctx context.Context, err *sequenceError) {
	s.log.Error("fatal error, rebooting", "error", err)
	s.node.fail(err)
	s.events.publish("", fatalEvent(err.sequence, err))
	s.enter(ctx, Rebooting)
	sleep(ctx, s.node.opts.Timing.Failure)
	s.killKubernetes(ctx)
}

// enter tells everyone who watches the machine what it does now.
func (s *session) enter(ctx context.Context, next State) {
	s.log.Info("state", "state", next.String())
	s.node.state.set(next)
	s.publishStatus(ctx)
}

// version is that of the running Talos.
func (s *session) version() string {
	if s.installed != nil {
		return s.installed.Version
	}
	return s.node.opts.MediaVersion
}

func (s *session) schematic() string {
	if s.installed != nil {
		return s.installed.Schematic
	}
	return ""
}

func (s *session) kubernetes() Kubernetes { return s.node.opts.Kubernetes }

func (s *session) config() config.Provider {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.active
}

// sleep lets time pass; it reports whether all of it did.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

package node

import (
	"context"
	"errors"
	"fmt"
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

	mu       sync.Mutex
	active   config.Provider
	network  network
	rollback *time.Timer
	bootDone bool

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

// run drives the machine from power on until the session ends.
func (s *session) run(ctx context.Context) (ending, error) {
	s.log.Info("power on", "bootID", s.bootID, "version", s.version())
	how, err := s.boot(ctx)
	if ctx.Err() != nil {
		s.pullPlug(ctx)
		var loss powerLoss
		if errors.As(context.Cause(ctx), &loss) {
			return loss.ending, nil
		}
		return endReboot, nil
	}
	s.stopRollback()
	s.events.close()
	s.api.stop(true)
	return how, err
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
		return s.fatal(ctx, sequenceInstall, err), nil
	}
	cfg, err := s.loadConfig()
	if err != nil {
		return s.fatal(ctx, sequenceInitialize, err), nil
	}
	if cfg == nil {
		if cfg, err = s.maintain(ctx); err != nil {
			return endReboot, err
		}
		if cfg == nil {
			return endReboot, nil
		}
		if s.installed == nil {
			if err := s.install(ctx, cfg); err != nil {
				return s.fatal(ctx, sequenceInstall, err), nil
			}
			return endReboot, nil
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
	s.services.start(runCtx)
	s.api.startConfigured(runCtx)
	go s.followMembers(runCtx)

	booted := make(chan error, 1)
	go func() { booted <- s.runSequence(runCtx, s.bootSequence()) }()
	for {
		select {
		case err := <-booted:
			booted = nil
			if err != nil && ctx.Err() == nil {
				stop()
				return s.fatal(ctx, sequenceBoot, err), nil
			}
		case seq := <-s.sequences:
			stop()
			if booted != nil {
				<-booted
			}
			if err := s.runSequence(ctx, seq); err != nil && ctx.Err() == nil {
				return s.fatal(ctx, seq.name, err), nil
			}
			return seq.ending, nil
		case <-ctx.Done():
			if booted != nil {
				<-booted
			}
			return endReboot, nil
		}
	}
}

// fatal is what machined does when a sequence fails: it says so, waits, and reboots.
func (s *session) fatal(ctx context.Context, sequence string, err error) ending {
	err = fmt.Errorf("%s sequence: %w", sequence, err)
	s.log.Error("fatal error, rebooting", "error", err)
	s.node.fail(err)
	s.events.publish("", fatalEvent(sequence, err))
	s.enter(ctx, Rebooting)
	sleep(ctx, s.node.opts.Timing.Failure)
	s.killKubernetes(ctx)
	return endReboot
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

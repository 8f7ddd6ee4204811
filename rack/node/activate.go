package node

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	configres "github.com/siderolabs/talos/pkg/machinery/resources/config"
)

// activate puts a config into effect on a machine that starts.
func (s *session) activate(ctx context.Context, cfg config.Provider) error {
	s.mu.Lock()
	s.active = cfg
	s.mu.Unlock()
	s.configureNetwork(ctx, cfg)
	if err := s.publishConfig(ctx, configres.PersistentID, cfg); err != nil {
		return err
	}
	if err := s.publishConfig(ctx, configres.ActiveID, cfg); err != nil {
		return err
	}
	return s.publishMachine(ctx, cfg)
}

// reactivate puts a config into effect on a running machine, without a reboot. What follows from it is done in
// the background, as machined's controllers do; the API call has returned by then.
func (s *session) reactivate(ctx context.Context, cfg config.Provider) error {
	s.mu.Lock()
	s.active = cfg
	s.mu.Unlock()
	s.configureNetwork(ctx, cfg)
	if err := s.publishConfig(ctx, configres.ActiveID, cfg); err != nil {
		return err
	}
	if err := s.publishMachine(ctx, cfg); err != nil {
		return err
	}
	s.api.reconfigure()
	s.services.reconfigure()
	return nil
}

// configureNetwork puts the config's network into effect. What it leaves without an address is told, since on a
// real machine it shows only on the console.
func (s *session) configureNetwork(ctx context.Context, cfg config.Provider) {
	n, warnings := networkOf(s.node.opts, s.identity, cfg)
	for _, warning := range warnings {
		s.log.Warn(warning)
	}
	if len(n.addresses) == 0 {
		s.node.fail(errors.New("the config leaves the machine without an address: " + strings.Join(warnings, "; ")))
	}
	s.setNetwork(ctx, n)
}

// rollbackAfter reverts to a config when the time is over, as mode try does.
func (s *session) rollbackAfter(d time.Duration, previous config.Provider) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rollback != nil {
		s.rollback.Stop()
	}
	s.rollback = time.AfterFunc(d, func() {
		s.log.Info("rolling back the configuration")
		if err := s.reactivate(context.Background(), previous); err != nil {
			s.log.Error("config rollback", "error", err)
		}
	})
}

func (s *session) stopRollback() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rollback != nil {
		s.rollback.Stop()
		s.rollback = nil
	}
}

// machine is what Kubernetes is told.
func (s *session) machine() Machine {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := s.network.hostname
	if s.active.K8sNodeConfig().RegisterWithFQDN() {
		name = s.network.fqdn()
	}
	return Machine{
		Name:         strings.ToLower(name),
		Addresses:    s.network.addrs(),
		Dir:          s.parts.ephemeral(),
		Config:       s.active,
		TalosVersion: s.version(),
		Arch:         s.node.opts.Hardware.Arch,
		Schematic:    s.schematic(),
		BootID:       s.bootID,
	}
}

func (s *session) isControlPlane() bool {
	cfg := s.config()
	return cfg != nil && cfg.Machine().Type().IsControlPlane()
}

func (s *session) isWorker() bool {
	cfg := s.config()
	return cfg != nil && cfg.Machine().Type() == machine.TypeWorker
}
